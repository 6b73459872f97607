#!/usr/bin/env python3
"""readers.py - what transactions that only read cost those that write, and what both cost each other; in alternating rounds.

readers.py LIBRARY OUTPUT [--seconds S] [--rounds N]

All transactions begin by a plain BEGIN, on a database in WAL mode. Without the library the processes set the recipe by hand, but for
BEGIN IMMEDIATE. Writes OUTPUT/readers.md and exits with 1 if a transaction failed with the library, or an update was lost."""
import argparse
import multiprocessing
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

# name; readers, and how long each transaction reads; writers, their time between read and write, and after COMMIT: in seconds
SCENES = (
    ("one writer beside 3 readers of 1 s", 3, 1, 1, 0, 0),
    ("one writer beside 8 readers of 1 s", 8, 1, 1, 0, 0),
    ("8 that read for 2 ms and write, beside 8 readers of 10 ms", 8, 0.01, 8, 0.002, 0.005),
    ("8 that read for 2 ms and write, alone", 0, 0, 8, 0.002, 0.005),
)
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
    _, readers, reads, writers, thinks, pause = SCENES[scene]
    connection = connect(by_hand)
    for sql in ("PRAGMA journal_mode=WAL", "CREATE TABLE t(id INTEGER PRIMARY KEY, n)", "INSERT INTO t VALUES(1, 0)"):
        connection.execute(sql)
    connection.close()
    results, end = multiprocessing.Queue(), time.monotonic() + seconds
    works = [(by_hand, False, reads * i / readers, reads, 0, end, results) for i in range(readers)]
    works += [(by_hand, True, 0, thinks, pause, end, results)] * writers
    processes = [multiprocessing.Process(target=work, args=arguments) for arguments in works]
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


def run(arguments, ours, scene):
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("SQLPROD", "LD_PRELOAD"))}
    if ours:
        environment["LD_PRELOAD"] = arguments.library
    with tempfile.TemporaryDirectory(prefix="sqlprod-bench.") as folder:
        command = [sys.executable, os.path.abspath(__file__), "play", "no" if ours else "yes", str(scene), str(arguments.seconds)]
        done = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, check=True, timeout=300)
    return [float(word) for word in done.stdout.split()]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("library")
    parser.add_argument("output")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    arguments.library = os.path.abspath(arguments.library)
    os.makedirs(arguments.output, exist_ok=True)
    text = f"Medians of {arguments.rounds} alternating rounds of {arguments.seconds:g} s, from the first transaction of each process on; a failed transaction is not tried again.\n\n"
    text += "| | | reads/s | writes/s | p99 of a write, ms | failed | lost |\n|---|---|---|---|---|---|---|\n"
    bad = 0
    for scene, (name, *_) in enumerate(SCENES):
        rounds = [(run(arguments, False, scene), run(arguments, True, scene)) for _ in range(arguments.rounds)]
        for way, i in (("by hand", 0), ("with the library", 1)):
            median = [statistics.median(column) for column in zip(*(r[i] for r in rounds))]
            failed, lost = (sum(r[i][column] for r in rounds) for column in (2, 3))
            bad += i * failed + lost
            text += f"| {name} | {way} | {median[0]:.1f} | {median[1]:.0f} | {median[4]:.1f} | {failed:.0f} | {lost:.0f} |\n"
        ratios = [f"{statistics.median(r[1][i] / r[0][i] for r in rounds):.2f}" if rounds[0][0][i] else "" for i in (0, 1)]
        text += f"| | of by hand | {ratios[0]} | {ratios[1]} | | | |\n"
    with open(os.path.join(arguments.output, "readers.md"), "w", encoding="utf-8") as out:
        out.write(text)
    sys.stdout.write(text)
    return 1 if bad else 0


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] == "play":
        play(sys.argv[2] == "yes", int(sys.argv[3]), float(sys.argv[4]))
    else:
        sys.exit(main())
