#!/usr/bin/env bash
# adbc_pins_snapshot.sh - adbc-driver-sqlite 1.13.0: a connection that only reads stays at its first snapshot.
#
# Guessed:  a DB-API connection that has written nothing sees, as with Python's sqlite3, what is committed by now.
# Happens:  the driver keeps a transaction open at all times (autocommit is off, a BEGIN follows each commit), reads
#           included: the second SELECT shows the old rows, no checkpoint gets past it, and the first write after
#           another process's fails at once with "database is locked". Its busy timeout is 0 as well.
# Seen:     2026-11-28: "first: 1", "after another process's insert: 1", "checkpoint blocked: 1",
#           "write: database is locked", "after commit(): 2".
# Matters:  a dashboard or a notebook that polls through ADBC (pandas and Polars can) shows figures of this morning, and
#           -wal grows for as long as it is open. connect(..., autocommit=True), or commit() after reads.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
{ python3 -m venv v && v/bin/pip -q install adbc-driver-sqlite==1.13.0 adbc-driver-manager==1.13.0 pyarrow==26.0.1; } \
	>/dev/null 2>&1 || {
	echo "cannot be had here: adbc-driver-sqlite 1.13.0"
	exit 77
}

cat >other.py <<'END'
import sqlite3
import sys
db = sqlite3.connect("app.db", isolation_level=None)
print(*(db.execute(sys.argv[1]).fetchone() or ()))
END
cat >look.py <<'END'
import subprocess
import sys
import adbc_driver_sqlite.dbapi

def other(sql):
    return subprocess.run([sys.executable, "other.py", sql], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()

def count(cursor):
    cursor.execute("SELECT count(*) FROM t")
    return cursor.fetchall()[0][0]

other("PRAGMA journal_mode=WAL")
other("CREATE TABLE t AS SELECT 1 AS x")
with adbc_driver_sqlite.dbapi.connect("app.db") as db, db.cursor() as cursor:
    cursor.execute("PRAGMA busy_timeout")
    print("busy timeout:", cursor.fetchone()[0])
    print("first:", count(cursor))
    other("INSERT INTO t VALUES (2)")
    print("after another process's insert:", count(cursor))
    print("checkpoint blocked:", other("PRAGMA wal_checkpoint(TRUNCATE)").split()[0])
    try:
        cursor.execute("INSERT INTO t VALUES (3)")
        print("write: ok")
    except Exception as error:
        print("write:", str(error).rsplit(": ", 1)[-1])
    db.commit()
    print("after commit():", count(cursor))
END
cat >stated <<'END'
busy timeout: 0
first: 1
after another process's insert: 1
checkpoint blocked: 1
write: database is locked
after commit(): 2
END
v/bin/python look.py | tee seen
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
