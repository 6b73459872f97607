"""Is there a difference? Mann-Whitney's test in its exact form: it asks nothing of the numbers but that the runs were independent.

The ratio is the median of all ratios of a run of the variant to a run of A (Hodges and Lehmann), its interval goes from one of
these ratios to another, as the test's distribution says. Medians and quartiles are those of Python's statistics.
"""

import functools
import math
import statistics

INTERVAL = 0.95
# A table has many numbers, and one in twenty of such intervals misses by chance: what is called a difference has to stand at this
# level too, and to be as large as this.
CERTAIN = 0.99
LEAST = 0.01
# Beyond this, the normal distribution is close enough.
EXACT = 60
# An interval wider than this hides differences that matter.
WIDE = 0.15


@functools.lru_cache(maxsize=None)
def distribution(m, n):
    """In how many of all orders of m and n runs the statistic is 0, 1, 2, …"""
    counts = [1] + [0] * (m * n)
    for i in range(1, m + 1):
        for at in range(m * n, n + i - 1, -1):
            counts[at] -= counts[at - n - i]
        for at in range(i, m * n + 1):
            counts[at] += counts[at - i]
    return counts


@functools.lru_cache(maxsize=None)
def interval_rank(m, n, level):
    """How many of the m * n ordered pairs lie outside at either end; None if there are too few runs for this level."""
    tail = (1 - level) / 2
    if m > EXACT or n > EXACT:
        width = statistics.NormalDist().inv_cdf(1 - tail) * math.sqrt(m * n * (m + n + 1) / 12)
        return max(math.floor(m * n / 2 - width), 0)
    allowed = tail * math.comb(m + n, m)
    total = 0
    for rank, count in enumerate(distribution(m, n)):
        total += count
        if total > allowed:
            return rank - 1 if rank else None
    return None


def interval(pairs, m, n, level):
    rank = interval_rank(m, n, level)
    return None if rank is None else (pairs[rank], pairs[len(pairs) - 1 - rank])


def compare(a, b):
    """Two lists of numbers, none of them negative. "verdict": less, more, same, or few (too few runs)."""
    found = {"ratio": None, "low": None, "high": None, "verdict": "few"}
    if not a or not b:
        return found
    m, n = len(a), len(b)
    if min(a) > 0:
        ratios = sorted(y / x for y in b for x in a)
        found["ratio"] = statistics.median(ratios)
        found["low"], found["high"] = interval(ratios, m, n, INTERVAL) or (None, None)
    certain = interval(sorted(y - x for y in b for x in a), m, n, CERTAIN)
    if certain is None:
        return found
    large = found["ratio"] is None or abs(found["ratio"] - 1) >= LEAST
    found["verdict"] = "less" if certain[1] < 0 and large else "more" if certain[0] > 0 and large else "same"
    return found


def blind(comparison):
    """Up to which factor a difference could be there and not be seen, where that is too much; else None."""
    if comparison["verdict"] != "same" or comparison["low"] is None:
        return None
    reach = max(comparison["high"], 1 / comparison["low"]) - 1 if comparison["low"] > 0 else math.inf
    return reach if reach > WIDE else None
