#!/usr/bin/env bash
# ibis_raw_sql_stays_open.sh - Ibis 12.0.0's SQLite backend: raw_sql() leaves a transaction open, until something else commits it.
#
# Guessed:  raw_sql(), made for INSERT OR REPLACE, CREATE INDEX and their like, runs outside of a transaction, as it does with DuckDB,
#           or commits, as insert() and create_table() do.
# Happens:  Python's sqlite3 begins a transaction before the INSERT and nobody ends it: other processes neither see the row nor can write,
#           disconnect() and the end of the program roll it back without a word. The next insert() commits it by the way, also
#           one that fails itself.
# Seen:     2026-11-30: "after raw_sql(): others see 0, database is locked", "after disconnect(): 0", "raw_sql(), then an insert() that
#           fails: 1".
# Matters:  a notebook or a worker that upserts by raw_sql() holds the write lock while it thinks, and loses what it wrote; no busy timeout
#           outlasts a notebook. connection.con.commit() after it, or `with connection.begin() as cursor`.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
{ python3 -m venv v && v/bin/pip -q install "ibis-framework[sqlite]==12.0.0" pandas==3.1.1; } >/dev/null 2>&1 || {
	echo "cannot be had here: ibis-framework 12.0.0 and pandas 3.1.1"
	exit 77
}

cat >look.py <<'END'
import sqlite3
import ibis

other = sqlite3.connect("app.db", isolation_level=None, timeout=0.2)
other.execute("PRAGMA journal_mode=WAL")
other.execute("CREATE TABLE t(x INTEGER UNIQUE)")

def rows():
    return other.execute("SELECT count(*) FROM t").fetchone()[0]

def write():
    try:
        other.execute("INSERT INTO t VALUES (9)")
        return "ok"
    except sqlite3.Error as error:
        return error

db = ibis.sqlite.connect("app.db")
db.raw_sql("INSERT OR REPLACE INTO t VALUES (1)")
print(f"after raw_sql(): others see {rows()}, {write()}")
db.disconnect()
print("after disconnect():", rows())

db = ibis.sqlite.connect("app.db")
db.raw_sql("INSERT OR REPLACE INTO t VALUES (1)")
try:
    db.insert("t", [(2,), (2,)])
except Exception:
    pass
print("raw_sql(), then an insert() that fails:", rows())
END
v/bin/python -W ignore look.py | tee seen
cat >stated <<'END'
after raw_sql(): others see 0, database is locked
after disconnect(): 0
raw_sql(), then an insert() that fails: 1
END
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
