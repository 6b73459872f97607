#!/usr/bin/env python3
"""soak_mixed.py LIBRARY SECONDS - readers, idlers and writers on one database, each in a plain BEGIN, some of them killed and stopped.

Some write more than their cache holds, so that the -wal starts anew amid a transaction, and one is without the library. Those of a
pool are threads, each with a connection, which idle for longer than a reservation lasts before they read, by a BEGIN not seen before.
Without the library: once more with BEGIN IMMEDIATE by hand, as the twin. Prints for each kind how many transactions there were and how
many failed. Exits with 1 if a transaction that was acknowledged is lost, the file is damaged, or a transaction failed with the library.
One that let more time pass between its read and its write than a reservation lasts, most of all in a process that was stopped, has lapsed:
its snapshot is out of date, and it is counted apart. The one without the library, which nobody lets go first, may fail.
"""
import os, random, signal, sqlite3, subprocess, sys, tempfile, threading, time

RESERVE = float(os.environ.get("SQLPROD_RESERVE", 500)) / 1000
KINDS = {"adds": 4, "reads": 3, "idles": 2, "forks": 1, "spills": 2, "pool": 2, "outside": 1, "stopped": 2, "killed": 2}


def acknowledge(kind, what):
    os.write(1, ("%s %s\n" % (kind, what)).encode())


def connect():
    return sqlite3.connect("t.db", isolation_level=None, timeout=30)


def transaction(db, begin, kind, number):
    """One transaction of that kind."""
    changes = db.total_changes
    read_at = write_at = None
    try:
        db.execute(begin)
        if kind == "idles":
            time.sleep(random.random() / 5)
        if kind == "pool":
            time.sleep(random.random())
        before = db.execute("SELECT n FROM counter").fetchone()[0]
        read_at = time.monotonic()
        if kind == "reads":
            time.sleep(0.01)
        elif kind != "idles" or number % 4 == 0:
            write_at = time.monotonic()
            db.execute("UPDATE counter SET n=?", (before + 1,))
            db.execute("INSERT INTO log(pid, i) VALUES(?, ?)", (os.getpid(), number))
        if kind == "spills":
            db.execute("UPDATE pages SET b=randomblob(3000)")
        writes = db.in_transaction and db.total_changes != changes
        db.execute("COMMIT")
        acknowledge(kind, "wrote %d %d" % (os.getpid(), number) if writes else "read")
    except sqlite3.OperationalError as error:
        # a process may be stopped in the midst of its write, too
        end = time.monotonic() if kind == "stopped" else write_at
        lapsed = read_at and write_at and end - read_at > RESERVE
        acknowledge(kind, "%s %s (%s)" % ("lapsed" if lapsed else "failed", error, getattr(error, "sqlite_errorname", "?")))
        if db.in_transaction:
            db.execute("ROLLBACK")


def work(kind, begin, seconds):
    end = time.monotonic() + seconds
    if kind == "pool":
        others = [threading.Thread(target=work_until, args=(kind, begin, end, at * 1000000)) for at in (1, 2, 3)]
        for other in others:
            other.start()
    work_until(kind, begin, end, 0)


def work_until(kind, begin, end, number):
    db = connect()
    if kind == "spills":
        db.execute("PRAGMA cache_size=5")
    while time.monotonic() < end:
        number += 1
        if kind == "forks":
            db.execute("BEGIN")
            child = os.fork()
            if not child:
                other = connect()
                transaction(other, begin, kind, number)
                os._exit(0)
            db.execute("COMMIT")
            os.waitpid(child, 0)
            time.sleep(0.02)
        else:
            transaction(db, begin + (" TRANSACTION t%d" % number if kind == "pool" else ""), kind, number)
        time.sleep(random.random() / 200)


def start(kind, begin, seconds, library, said):
    if kind == "outside":
        library, begin = None, "BEGIN IMMEDIATE"
    environment = dict(os.environ, **({"LD_PRELOAD": library} if library else {}))
    return subprocess.Popen([sys.executable, "-W", "ignore", os.path.abspath(__file__), "--work", kind, begin, str(seconds)],
                            stdout=open(said, "ab"), env=environment, start_new_session=True)


def disturb(workers, begin, end, library, said):
    """Kills and stops those that are meant for it, until the end."""
    while time.monotonic() < end:
        kind, worker = random.choice([w for w in workers if w[0] in ("killed", "stopped")])
        time.sleep(0.2)
        if kind == "stopped":
            os.killpg(worker.pid, signal.SIGSTOP)
            time.sleep(random.random())
            os.killpg(worker.pid, signal.SIGCONT)
        else:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
            workers.remove((kind, worker))
            workers.append((kind, start(kind, begin, max(0, end - time.monotonic()), library, said)))


def play(begin, seconds, library):
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        db = connect()
        db.executescript("PRAGMA journal_mode=wal; CREATE TABLE counter(n); INSERT INTO counter VALUES(0); CREATE TABLE log(pid, i);"
                         "CREATE TABLE pages(b); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<60)"
                         "INSERT INTO pages SELECT randomblob(3000) FROM n")
        workers = [(kind, start(kind, begin, seconds, library, "said")) for kind, count in KINDS.items() for _ in range(count)]
        disturb(workers, begin, time.monotonic() + seconds, library, "said")
        for _, worker in workers:
            worker.wait()
        lines = [line.split(None, 2) for line in open("said").read().splitlines()]
        wrote = {tuple(rest[0].split()) for _, what, *rest in lines if what == "wrote"}
        there = {(str(pid), str(i)) for pid, i in db.execute("SELECT pid, i FROM log")}
        lost = len(wrote - there) + abs(db.execute("SELECT n - (SELECT count(*) FROM log) FROM counter").fetchone()[0])
        bad = db.execute("PRAGMA integrity_check").fetchone()[0] != "ok"
        failed = 0
        for kind in KINDS:
            mine = [line for line in lines if line[0] == kind]
            errors, lapsed = (sum(line[1] == how for line in mine) for how in ("failed", "lapsed"))
            failed += errors if kind != "outside" else 0
            why = {" ".join(line[2:]) for line in mine if line[1] == "failed"}
            print("%-8s %6d transactions, %d lapsed, %d failed %s" % (kind, len(mine) - errors - lapsed, lapsed, errors, "; ".join(sorted(why))))
        print("lost %d, %s" % (lost, "damaged" if bad else "whole"))
        os.chdir("/")
        return lost or bad or (library and failed)


if __name__ == "__main__":
    if sys.argv[1] == "--work":
        work(sys.argv[2], sys.argv[3], float(sys.argv[4]))
        sys.exit(0)
    library, seconds = os.path.realpath(sys.argv[1]), float(sys.argv[2])
    print("without the library, BEGIN IMMEDIATE by hand:")
    play("BEGIN IMMEDIATE", seconds, None)
    print("with the library, BEGIN:")
    sys.exit(1 if play("BEGIN", seconds, library) else 0)
