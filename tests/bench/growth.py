#!/usr/bin/env python3
"""growth.py - what waiting costs as waiters get more, and one more connection as connections get more.

growth.py CONTENTION CONNECTIONS LIBRARY OUTPUT [--seconds S] [--rounds N]

Writes OUTPUT/growth.md; exits with 1 if a statement failed, or the last connection of many costs more than that of 100. Figures are medians over alternating rounds; CPU and context switches are the workers' own, which other load
on the machine changes little."""
import argparse
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile

import contention
import rounds

WAITERS = (2, 8, 32, 128, 512)
CONNECTIONS = (1, 100, 10000)
WAYS = ("recipe", "shim, fair wait", "shim, immediate")
# the most that the last of many connections may cost, of what the last of 100 does
FLAT = 4
PARTS = ("open", "first statement", "second statement", "transaction", "close")


def waiting(arguments):
    text = "### Waiters: processes with 1 ms inside, no pause\n\n| processes | way | tx/s | p50 | p99 | max | CPU | switches | errors |\n|---|---|---|---|---|---|---|---|---|\n"
    ok = True
    with open(os.devnull, "w", encoding="utf-8") as log:
        for workers in WAITERS:
            results = contention.measure(arguments, log, WAYS, "processes", workers, 1000, 0)
            ok = contention.check(results) and ok
            for way, r in results.items():
                text += (f"| {workers} | {way} | {r['tx']:.0f} | {r['p50']:.3g} | {r['p99']:.3g} | {r['max']:.3g} | {r['cpu']:.0f} | "
                         f"{r['switches']:.2f} | {r['errors']:.0f} |\n")
    return text, ok


def connect(arguments, library, count):
    with tempfile.TemporaryDirectory(prefix="sqlprod-bench.") as folder:
        path = os.path.join(folder, "t.db")
        database = sqlite3.connect(path)
        database.executescript("PRAGMA journal_mode=WAL; CREATE TABLE t(x); INSERT INTO t VALUES(1)")
        database.close()
        environment = rounds.environment()
        if library:
            environment["LD_PRELOAD"] = library
        done = subprocess.run([arguments.connections, path, str(count)], env=environment, stdout=subprocess.PIPE, check=True, timeout=300)
    return [float(word) for word in done.stdout.split()]


def connecting(arguments):
    text = "\n### Connections: CPU microseconds of one more in a process that has so many\n\n| connections | | " + " | ".join(PARTS) + " |\n|---|---|" + "---|" * len(PARTS) + "\n"
    cost = {}
    for count in CONNECTIONS:
        played = {"without": [], "with": []}
        for _ in range(arguments.rounds):
            played["without"].append(connect(arguments, None, count))
            played["with"].append(connect(arguments, arguments.library, count))
        for way, rows in played.items():
            medians = [statistics.median(column) for column in zip(*rows)]
            text += f"| {count} | {way} | " + " | ".join(f"{median:.1f}" for median in medians) + " |\n"
            cost[way, count] = medians
    ok = all(many <= FLAT * some for some, many in zip(cost["with", 100], cost["with", CONNECTIONS[-1]]))
    return text, ok


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("connections")
    parser.add_argument("library")
    parser.add_argument("output")
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    arguments.library = os.path.abspath(arguments.library)
    os.makedirs(arguments.output, exist_ok=True)
    text, ok = waiting(arguments)
    connections, flat = connecting(arguments)
    text = (f"Each figure is the median of {arguments.rounds} alternating rounds, of {arguments.seconds:g} s where processes wait. Milliseconds; CPU in microseconds,"
            " and context switches, per transaction.\n\n") + text + connections
    with open(os.path.join(arguments.output, "growth.md"), "w", encoding="utf-8") as out:
        out.write(text)
    sys.stdout.write(text)
    return 0 if ok and flat else 1


if __name__ == "__main__":
    sys.exit(main())
