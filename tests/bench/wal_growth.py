#!/usr/bin/env python3
"""wal_growth.py - how long the -wal gets beside readers that overlap, and what it costs to keep it short; in alternating rounds.

wal_growth.py LIBRARY OUTPUT [--seconds S] [--rounds N]

Readers read for a second each, without a pause; two writers commit 3 KB at a time. Without the library they set the recipe by hand, with
the same journal_size_limit of 64 MiB. Writes OUTPUT/wal_growth.md and exits with 1 if a statement failed."""
import os
import sqlite3
import statistics
import sys
import time

import rounds

LIMIT = 64 << 20
# readers, milliseconds between commits of each of two writers
CASES = ((1, 2), (3, 2), (3, 0.5), (1, 0), (3, 0))


def connect(by_hand):
    connection = sqlite3.connect("t.db", timeout=60, isolation_level=None)
    if by_hand:
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", f"journal_size_limit={LIMIT}", "mmap_size=134217728", "cache_size=-20000"):
            connection.execute("PRAGMA " + pragma)
    return connection


def read(by_hand, begin, end):
    connection, errors, longest = connect(by_hand), 0, 0
    time.sleep(begin)
    while time.monotonic() < end:
        start = time.monotonic()
        try:
            cursor = connection.execute("SELECT a FROM t")
            cursor.fetchone()
            longest = max(longest, time.monotonic() - start)
            time.sleep(1)
            cursor.close()
        except sqlite3.Error:
            errors += 1
    return 0, errors, longest


def write(by_hand, pause, end):
    connection, commits, errors, longest = connect(by_hand), 0, 0, 0
    row = os.urandom(3000)
    while time.monotonic() < end:
        start = time.monotonic()
        try:
            connection.execute("INSERT INTO t VALUES(?)", (row,))
            commits += 1
        except sqlite3.Error:
            errors += 1
        longest = max(longest, time.monotonic() - start)
        if pause:
            time.sleep(pause / 1000)
    return commits, errors, longest


def play(by_hand, readers, pause, seconds):
    """One run, in a process of its own: longest -wal, commits, errors, longest write and longest begin of a read."""
    connection = connect(by_hand)
    connection.execute("CREATE TABLE t(a)")
    connection.execute("INSERT INTO t VALUES(1), (2), (3)")  # a statement that has more rows keeps its snapshot
    connection.close()
    end, longest = time.monotonic() + seconds, 0
    works = [(read, i / readers) for i in range(readers)] + [(write, pause)] * 2
    source, sink = os.pipe()
    for work, argument in works:
        if os.fork() == 0:
            os.write(sink, " ".join(map(str, (work.__name__,) + work(by_hand, argument, end))).encode() + b"\n")
            os._exit(0)
    os.close(sink)
    while time.monotonic() < end:
        if os.path.exists("t.db-wal"):
            longest = max(longest, os.path.getsize("t.db-wal"))
        time.sleep(0.01)
    rows = [line.split() for line in os.fdopen(source)]
    waits = {name: max(float(row[3]) for row in rows if row[0] == name) for name in ("read", "write")}
    print(longest / LIMIT, sum(int(row[1]) for row in rows) / seconds, sum(int(row[2]) for row in rows), waits["write"], waits["read"])


def main():
    arguments = rounds.read_arguments(12, 5)
    text = f"Medians of {arguments.rounds} alternating rounds of {arguments.seconds:g} s; the longest -wal is the longest of all. Readers read for a second each, without a pause.\n\n"
    text += "| readers | pause of each writer | | longest -wal, of the limit | commits/s | longest write, s | longest begin of a read, s | errors |\n|---|---|---|---|---|---|---|---|\n"
    failed = 0
    for readers, pause in CASES:
        played = [[rounds.play(__file__, library, readers, pause, arguments.seconds) for library in (None, arguments.library)] for _ in range(arguments.rounds)]
        for name, i in (("by hand", 0), ("with the library", 1)):
            rows = [r[i] for r in played]
            median = [statistics.median(column) for column in zip(*rows)]
            failed += sum(row[2] for row in rows)
            text += f"| {readers} | {pause} ms | {name} | {max(row[0] for row in rows):.2f} | {median[1]:.0f} | {median[3]:.2f} | {median[4]:.2f} | {sum(row[2] for row in rows):.0f} |\n"
        ratio = statistics.median(r[1][1] / r[0][1] for r in played)
        text += f"| | | commits, of by hand | | {ratio:.2f} | | | |\n"
    rounds.write(arguments, "wal_growth.md", text)
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] == "play":
        play(sys.argv[2] == "yes", int(sys.argv[3]), float(sys.argv[4]), float(sys.argv[5]))
    else:
        sys.exit(main())
