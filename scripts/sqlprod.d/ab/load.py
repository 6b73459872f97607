"""What load generators print: wrk, hey, ApacheBench."""

import re

SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "secs": 1.0}

REQUESTS = (
    r"^\s*Requests/sec:\s+([\d.]+)",  # wrk, hey
    r"^Requests per second:\s+([\d.]+)",  # ApacheBench
)
FAILURES = (
    r"^\s*Non-2xx or 3xx responses:\s+(\d+)",  # wrk
    r"^\s*\[[45]\d\d\]\s+(\d+) responses",  # hey
    r"^Failed requests:\s+(\d+)",  # ApacheBench
    r"^Non-2xx responses:\s+(\d+)",
)
# wrk takes a server that closes each connection, PHP's own say, for an error.
SOCKET_ERRORS = (
    r"^\s*Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)",
    r"^\s*\[(\d+)\]\s+(?!\d+ responses)\S",  # hey
)
LATENCIES = {
    "latency_median": (r"^\s+50%\s+([\d.]+)(us|ms|s|m)\s*$", r"^\s+50%+ in ([\d.]+) (secs)", r"^\s+50%\s+(\d+)()$"),
    "latency_p99": (r"^\s+99%\s+([\d.]+)(us|ms|s|m)\s*$", r"^\s+99%+ in ([\d.]+) (secs)", r"^\s+99%\s+(\d+)()"),
}


def matches(patterns, text):
    for pattern in patterns:
        for found in re.finditer(pattern, text, re.MULTILINE):
            yield found.groups()


def total(patterns, text):
    return sum(int(count) for counts in matches(patterns, text) for count in counts)


def load_numbers(path):
    """Requests a second, failed ones, latencies in seconds: what is there."""
    with open(path, encoding="utf-8", errors="replace") as file:
        text = file.read()
    found = {}
    for (number,) in matches(REQUESTS, text):
        found["requests"] = float(number)
        found["requests_failed"] = total(FAILURES, text)
        found["socket_errors"] = total(SOCKET_ERRORS, text)
    for name, patterns in LATENCIES.items():
        for number, unit in matches(patterns, text):
            found[name] = float(number) * SECONDS.get(unit, 1e-3)
            break
    return found
