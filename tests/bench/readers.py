#!/usr/bin/env python3
"""readers.py - what transactions that only read cost those that write, and what both cost each other; in alternating rounds.

readers.py LIBRARY OUTPUT [--seconds S] [--rounds N]

All transactions begin by a plain BEGIN, on a database in WAL mode. The writers pause: without that one alone writes the -wal full while
a reader of 1 s reads, and what is measured is how short that is kept (wal_growth.py). Without the library the processes set the recipe by hand, but for
BEGIN IMMEDIATE. Writes OUTPUT/readers.md and exits with 1 if a transaction failed with the library, or an update was lost."""
import multiprocessing
import sqlite3
import statistics
import subprocess
import sys
import time

import rounds

# name; readers, and how long each transaction reads; writers, their time between read and write, and after COMMIT: in seconds
SCENES = (
    ("one writer beside 3 readers of 1 s", 3, 1, 1, 0, 0.0001),
    ("one writer beside 8 readers of 1 s", 8, 1, 1, 0, 0.0001),
    ("8 that read for 2 ms and write, beside 8 readers of 10 ms", 8, 0.01, 8, 0.002, 0.005),
    ("8 that read for 2 ms and write, alone", 0, 0, 8, 0.002, 0.005),
    ("one writer beside 3 readers of 1 s, a process for each transaction", 3, 1, 1, 0, 0.0001),
    ("one writer beside 8 readers of 1 s, a process for each transaction", 8, 1, 1, 0, 0.0001),
)
# as a page of CGI does, or a script of cron's
OF_ONE = """import sqlite3, sys, time
connection = sqlite3.connect("t.db", timeout=5, isolation_level=None)
for pragma in sys.argv[2:]:
    connection.execute("PRAGMA " + pragma)
connection.execute("BEGIN")
connection.execute("SELECT n FROM t WHERE id=1 /* only read */").fetchone()
time.sleep(float(sys.argv[1]))
connection.execute("COMMIT")"""
RECIPE = ("synchronous=NORMAL", "mmap_size=134217728", "cache_size=-20000", "journal_size_limit=67108864", "temp_store=MEMORY")


def connect(by_hand):
    connection = sqlite3.connect("t.db", timeout=5, isolation_level=None)
    for pragma in RECIPE if by_hand else ():
        connection.execute("PRAGMA " + pragma)
    return connection


def transaction(connection, reads, writes):
    connection.execute("BEGIN")
    if not writes:
        connection.execute("SELECT n FROM t WHERE id=1 /* only read */").fetchone()
        time.sleep(reads)
    elif reads:
        n = connection.execute("SELECT n FROM t WHERE id=1").fetchone()[0]
        time.sleep(reads)
        connection.execute("UPDATE t SET n=? WHERE id=1", (n + 1,))
    else:
        connection.execute("UPDATE t SET n=n+1 WHERE id=1")
    connection.execute("COMMIT")


def read_in_processes(by_hand, delay, reads, end, results):
    time.sleep(delay)
    count = 0
    while time.monotonic() < end:
        subprocess.run([sys.executable, "-c", OF_ONE, str(reads), *(RECIPE if by_hand else ())], check=True)
        count += 1
    results.put((False, count, 0, 0))


def work(by_hand, writes, delay, reads, pause, end, results):
    connection, times, failed = connect(by_hand), [], 0
    connection.execute("SELECT count(*) FROM t").fetchone()
    time.sleep(delay)
    while time.monotonic() < end:
        start = time.monotonic()
        try:
            transaction(connection, reads, writes)
            times.append(time.monotonic() - start)
        except sqlite3.OperationalError:
            failed += 1
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        if pause:
            time.sleep(pause)
    results.put((writes, len(times), failed, sorted(times)[len(times) * 99 // 100] if times else 0))


def play(by_hand, scene, seconds):
    """One run, in a process of its own: reads/s, writes/s, failed, lost, p99 of the writers in ms."""
    name, readers, reads, writers, thinks, pause = SCENES[scene]
    connection = connect(by_hand)
    for sql in ("PRAGMA journal_mode=WAL", "CREATE TABLE t(id INTEGER PRIMARY KEY, n)", "INSERT INTO t VALUES(1, 0)"):
        connection.execute(sql)
    connection.close()
    results, end = multiprocessing.Queue(), time.monotonic() + seconds
    delays = [reads * i / readers for i in range(readers)]
    if "a process for each" in name:
        works = [(read_in_processes, (by_hand, delay, reads, end, results)) for delay in delays]
    else:
        works = [(work, (by_hand, False, delay, reads, 0, end, results)) for delay in delays]
    works += [(work, (by_hand, True, 0, thinks, pause, end, results))] * writers
    processes = [multiprocessing.Process(target=target, args=arguments) for target, arguments in works]
    for process in processes:
        process.start()
    rows = [results.get() for _ in processes]
    for process in processes:
        process.join()
    committed = sum(row[1] for row in rows if row[0])
    lost = committed - connect(by_hand).execute("SELECT n FROM t").fetchone()[0]
    read = sum(row[1] for row in rows if not row[0])
    p99 = statistics.median(row[3] for row in rows if row[0])
    print(read / seconds, committed / seconds, sum(row[2] for row in rows), lost, 1000 * p99)


def main():
    arguments = rounds.read_arguments(10, 5)
    text = f"Medians of {arguments.rounds} alternating rounds of {arguments.seconds:g} s, from the first transaction of each process on; a failed transaction is not tried again.\n\n"
    text += "| | | reads/s | writes/s | p99 of a write, ms | failed | lost |\n|---|---|---|---|---|---|---|\n"
    bad = 0
    for scene, (name, *_) in enumerate(SCENES):
        played = [[rounds.play(__file__, library, scene, arguments.seconds) for library in (None, arguments.library)] for _ in range(arguments.rounds)]
        for way, i in (("by hand", 0), ("with the library", 1)):
            median = [statistics.median(column) for column in zip(*(r[i] for r in played))]
            failed, lost = (sum(r[i][column] for r in played) for column in (2, 3))
            bad += i * failed + lost
            text += f"| {name} | {way} | {median[0]:.1f} | {median[1]:.0f} | {median[4]:.1f} | {failed:.0f} | {lost:.0f} |\n"
        ratios = [f"{statistics.median(r[1][i] / r[0][i] for r in played):.2f}" if played[0][0][i] else "" for i in (0, 1)]
        text += f"| | of by hand | {ratios[0]} | {ratios[1]} | | | |\n"
    rounds.write(arguments, "readers.md", text)
    return 1 if bad else 0


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] == "play":
        play(sys.argv[2] == "yes", int(sys.argv[3]), float(sys.argv[4]))
    else:
        sys.exit(main())
