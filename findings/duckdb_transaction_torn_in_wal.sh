#!/usr/bin/env bash
# duckdb_transaction_torn_in_wal.sh - DuckDB 1.5.5 with its sqlite extension: a transaction over a WAL database has two snapshots.
#
# Guessed:  BEGIN, then two SELECTs from an attached SQLite database, see one state of it, whatever the journal mode.
# Happens:  with a rollback journal they do: others are refused while the transaction lasts. In WAL mode each SELECT sees
#           what is committed by then, while the transaction's own write is refused at once, as that of an old snapshot:
#           it gets neither the isolation nor the write.
# Seen:     2026-11-29: 100 is moved from one table to the other between the two SELECTs, by another process in one
#           transaction. "delete: moved: database is locked, sum 100, write: ok"; "wal: moved: ok, sum 200, write: database
#           is locked".
# Matters:  a report over a database that gets WAL (by the library or by hand) adds up what never was; read all in one
#           SELECT, or from a copy.
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

cat >move.py <<'END'
import sqlite3

db = sqlite3.connect("app.db", timeout=0.5, isolation_level=None)
try:
    db.execute("BEGIN")
    db.execute("UPDATE savings SET x = x - 100")
    db.execute("UPDATE account SET x = x + 100")
    db.execute("COMMIT")
    print("ok")
except sqlite3.OperationalError as error:
    print(error)
END
cat >look.py <<'END'
import os
import sqlite3
import subprocess
import sys
import duckdb
from duckdb_extensions import import_extension

import_extension("sqlite_scanner")
for mode in "delete", "wal":
    made = sqlite3.connect("app.db")
    made.executescript("PRAGMA journal_mode=%s; CREATE TABLE savings(x INTEGER); CREATE TABLE account(x INTEGER);"
        "INSERT INTO savings VALUES (100); INSERT INTO account VALUES (0)" % mode)
    made.close()
    db = duckdb.connect()
    db.execute("LOAD sqlite_scanner")
    db.execute("ATTACH 'app.db' AS app (TYPE sqlite)")
    db.execute("BEGIN")
    total = db.execute("SELECT x FROM app.savings").fetchone()[0]
    moved = subprocess.run([sys.executable, "move.py"], capture_output=True, text=True).stdout.strip()
    total += db.execute("SELECT x FROM app.account").fetchone()[0]
    try:
        db.execute("INSERT INTO app.account VALUES (1)")
        db.execute("COMMIT")
        write = "ok"
    except duckdb.Error as error:
        write = str(error).splitlines()[0]
        db.execute("ROLLBACK")
    print("%s: moved: %s, sum %d, write: %s" % (mode, moved, total, write))
    db.close()
    os.remove("app.db")
END
cat >stated <<'END'
delete: moved: database is locked, sum 100, write: ok
wal: moved: ok, sum 200, write: database is locked
END
v/bin/python look.py | tee seen
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
