#!/usr/bin/env bash
# duckdb_locks_itself_out.sh - DuckDB 1.5.5 with its sqlite extension: a write that fails because another process reads locks
# the database for everybody, DuckDB too, until it is closed.
#
# Guessed:  a COMMIT that is refused with "database is locked" is rolled back, and the next write succeeds when the reader
#           has gone.
# Happens:  with a rollback journal (the default) a reader refuses the COMMIT; the transaction is given up, its lock on the
#           file is not. Another process cannot even read after that, and neither can the same DuckDB connection, whose
#           next SELECT finds the database locked, until it is closed.
# Seen:     2026-11-29: "beside a reader: INSERT: database is locked", then, with the reader gone, "DuckDB SELECT: database
#           is locked", "another process: database is locked"; after close() "another process: 2 rows". In WAL mode "ok",
#           "3 rows".
# Matters:  one read at the wrong moment takes the database away from all programs, and no busy timeout outlasts that. In
#           WAL mode no reader refuses a COMMIT.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
{ python3 -m venv v && v/bin/pip -q install duckdb==1.5.5 duckdb-extensions==1.5.5 duckdb-extension-sqlite-scanner==1.5.5; } >/dev/null 2>&1 || {
	echo "cannot be had here: DuckDB 1.5.5 with its sqlite extension"
	exit 77
}
# The extension is unpacked below the home folder.
export HOME=$work

cat >other.py <<'END'
import sqlite3
db = sqlite3.connect("app.db", timeout=1)
try:
    print("another process:", *db.execute("SELECT count(*) FROM t").fetchone(), "rows")
except sqlite3.OperationalError as error:
    print("another process:", error)
END
cat >look.py <<'END'
import os
import sqlite3
import subprocess
import sys
import duckdb
from duckdb_extensions import import_extension

READER = """import sqlite3
rows = sqlite3.connect("app.db").execute("SELECT x FROM t")
rows.fetchone()
print("reads", flush=True)
input()"""

def attempt(what, sql):
    try:
        db.execute(sql).fetchall()
        print(f"{what}: ok", flush=True)
    except duckdb.Error as error:
        locked = "database is locked" in str(error)
        print(f"{what}: {'database is locked' if locked else error}", flush=True)

import_extension("sqlite_scanner")
for mode in "delete", "wal":
    print(mode)
    made = sqlite3.connect("app.db")
    made.executescript(f"PRAGMA journal_mode={mode}; CREATE TABLE t(x INTEGER); INSERT INTO t VALUES (1), (2)")
    made.close()
    db = duckdb.connect()
    db.execute("LOAD sqlite_scanner")
    db.execute("ATTACH 'app.db' AS app (TYPE sqlite)")
    reader = subprocess.Popen([sys.executable, "-c", READER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    reader.stdout.readline()
    attempt("beside a reader: INSERT", "INSERT INTO app.t VALUES (3)")
    reader.communicate("\n")
    attempt("the reader has gone: DuckDB SELECT", "SELECT * FROM app.t")
    subprocess.run([sys.executable, "other.py"], check=True)
    db.close()
    print("closed:", end=" ", flush=True)
    subprocess.run([sys.executable, "other.py"], check=True)
    os.remove("app.db")
END
v/bin/python look.py | tee seen
cat >stated <<'END'
delete
beside a reader: INSERT: database is locked
the reader has gone: DuckDB SELECT: database is locked
another process: database is locked
closed: another process: 2 rows
wal
beside a reader: INSERT: ok
the reader has gone: DuckDB SELECT: ok
another process: 3 rows
closed: another process: 3 rows
END
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
