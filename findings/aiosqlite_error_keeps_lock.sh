#!/usr/bin/env bash
# aiosqlite_error_keeps_lock.sh - aiosqlite 0.22.1: a script that ends with an exception does not end, and keeps the write lock.
#
# Guessed:  an exception that nobody catches ends the process; its transaction is rolled back and the lock is free.
# Happens:  the traceback is printed, asyncio.run() has returned, and the interpreter then waits for the connection's thread,
#           which is no daemon thread any more: the process stays for good, and with it the transaction. sqlite3 in its place,
#           or "async with aiosqlite.connect()", lets go.
# Seen:     2026-11-29: "sqlite3: exit 1, another process writes: ok";
#           "aiosqlite: still there 5 s after its traceback, another process writes: database is locked".
# Matters:  a cron job that failed locks every writer out until somebody kills it; no busy timeout outlasts it, and its log
#           says that it has ended.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
{ python3 -m venv v && v/bin/pip -q install aiosqlite==0.22.1; } >/dev/null 2>&1 || {
	echo "cannot be had here: aiosqlite 0.22.1"
	exit 77
}

cat >job_sqlite3.py <<'END'
import sqlite3

db = sqlite3.connect("app.db", isolation_level=None)
db.execute("BEGIN IMMEDIATE")
db.execute("INSERT INTO t VALUES (1)")
raise ValueError("a bad row")
END
cat >job_aiosqlite.py <<'END'
import asyncio
import aiosqlite

async def main():
    db = await aiosqlite.connect("app.db", isolation_level=None)
    await db.execute("BEGIN IMMEDIATE")
    await db.execute("INSERT INTO t VALUES (1)")
    raise ValueError("a bad row")

asyncio.run(main())
END
cat >look.py <<'END'
import sqlite3
import subprocess
import sys
import time

other = sqlite3.connect("app.db", timeout=1, isolation_level=None)
other.execute("CREATE TABLE t(x)")
for name in "sqlite3", "aiosqlite":
    job = subprocess.Popen([sys.executable, "job_%s.py" % name], stderr=subprocess.PIPE, text=True)
    for line in job.stderr:
        if line.startswith("ValueError"):
            break
    try:
        print("%s: exit %d" % (name, job.wait(5)), end="")
    except subprocess.TimeoutExpired:
        print("%s: still there 5 s after its traceback" % name, end="")
    try:
        other.execute("INSERT INTO t VALUES (2)")
        print(", another process writes: ok")
    except sqlite3.OperationalError as error:
        print(", another process writes: %s" % error)
    job.kill()
    job.wait()
END
cat >stated <<'END'
sqlite3: exit 1, another process writes: ok
aiosqlite: still there 5 s after its traceback, another process writes: database is locked
END
v/bin/python look.py | tee seen
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
