#!/usr/bin/env bash
# pony_raw_select_locks.sh - Pony ORM 0.7.20: db.execute("SELECT ...") takes the write lock until the session ends.
#
# Guessed:  a SELECT inside db_session blocks no writer, however it is sent.
# Happens:  db.execute() knows nothing of its text and sends BEGIN IMMEDIATE before any; no other process writes until
#           the db_session ends, which around a web request is the whole request. Queries of entities and db.select()
#           send no BEGIN at all.
# Seen:     2026-11-28: "after an entity query: another process writes", "after db.select: another process writes",
#           "after db.execute: another process: database is locked".
# Matters:  one raw SELECT in a request that then calls a slow service serialises all writers, in WAL mode too. Read raw
#           SQL with db.select(), and commit() before slow work.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
{ python3 -m venv v && v/bin/pip -q install pony==0.7.20; } >/dev/null 2>&1 || {
	echo "cannot be had here: Pony ORM 0.7.20"
	exit 77
}

cat >other.py <<'END'
import sqlite3
try:
    with sqlite3.connect("app.db", timeout=1) as db:
        db.execute("INSERT INTO t(x) VALUES (2)")
    print("another process writes")
except sqlite3.Error as error:
    print("another process:", error)
END
cat >look.py <<'END'
import os
import sqlite3
import subprocess
import sys
from pony.orm import Database, PrimaryKey, Required, db_session

stock = sqlite3.connect("app.db")
stock.executescript("PRAGMA journal_mode=WAL; CREATE TABLE t(id INTEGER PRIMARY KEY, x INTEGER)")
stock.close()
db = Database()

class T(db.Entity):
    _table_ = "t"
    id = PrimaryKey(int, auto=True)
    x = Required(int)

db.bind("sqlite", os.path.abspath("app.db"))
db.generate_mapping(check_tables=False)
ways = {
    "an entity query": lambda: T.select()[:],
    "db.select": lambda: db.select("SELECT x FROM t"),
    "db.execute": lambda: db.execute("SELECT x FROM t").fetchall(),
}
for name, way in ways.items():
    with db_session:
        way()
        print("after %s: " % name, end="", flush=True)
        subprocess.run([sys.executable, "other.py"], check=True)
END
cat >stated <<'END'
after an entity query: another process writes
after db.select: another process writes
after db.execute: another process: database is locked
END
v/bin/python look.py | tee seen
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
