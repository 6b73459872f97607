"""What is measured, in the order of the table, and how it is written."""

import collections

from compare import LEAST

# name, title, unit, and what less and more of it are called; None: differences say nothing
Measure = collections.namedtuple("Measure", "name title unit less more")

MEASURES = [
    Measure("requests_failed", "requests that failed", "count", "fewer", "more"),
    Measure("socket_errors", "socket errors of the load", "count", "fewer", "more"),
    Measure("requests", "requests a second", "number", "fewer", "more"),
    Measure("latency_median", "latency, median", "seconds", "lower", "higher"),
    Measure("latency_p99", "latency, 99%", "seconds", "lower", "higher"),
    Measure("time", "time", "seconds", "faster", "slower"),
    Measure("cpu", "CPU", "seconds", "less", "more"),
    Measure("cpu_request", "CPU a request", "seconds", "less", "more"),
    Measure("memory", "peak memory", "bytes", "less", "more"),
    Measure("written", "bytes written", "bytes", "less", "more"),
    Measure("written_request", "bytes written a request", "bytes", "less", "more"),
    Measure("wal", "largest -wal seen", "bytes", None, None),
    Measure("connections", "connections", "count", "fewer", "more"),
    Measure("write_transactions", "write transactions", "count", "fewer", "more"),
    Measure("begins_rewritten", "BEGINs rewritten", "count", "fewer", "more"),
    Measure("busy_waits", "waits for a lock", "count", "fewer", "more"),
    Measure("busy_time", "time waited", "seconds", "less", "more"),
    Measure("busy_returned", "SQLITE_BUSY returned", "count", "fewer", "more"),
]

# What has no meaning where requests are counted: they may be more in the same time.
TOTALS = ("time", "cpu", "written")


def seconds(value):
    for limit, factor, unit in ((1e-3, 1e6, "us"), (1, 1e3, "ms"), (120, 1, "s")):
        if value < limit:
            return f"{digits(value * factor)} {unit}" if value else "0 s"
    return f"{digits(value / 60)} min"


def size(value):
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024 or unit == "GiB":
            return f"{digits(value)} {unit}"
        value /= 1024
    return None


def digits(value):
    if value >= 100 or value == int(value):
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def written(measure, value):
    if value is None:
        return "not seen"
    return {"seconds": seconds, "bytes": size}.get(measure.unit, digits)(value)


def verdict(measure, comparison):
    low, high = comparison["low"], comparison["high"]
    if comparison["verdict"] == "same" and low is not None and not low <= 1 <= high and abs(comparison["ratio"] - 1) >= LEAST:
        return "no clear difference"
    return {"same": "no difference seen", "few": "too few rounds", "less": measure.less, "more": measure.more}[comparison["verdict"]]
