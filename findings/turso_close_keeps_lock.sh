#!/usr/bin/env bash
# turso_close_keeps_lock.sh - pyturso 0.8.3: close() does not give the file back to other processes.
#
# Guessed:  with WAL, readers of other processes read on; at the latest close() lets them in.
# Happens:  a connection that has only read shuts every SQLite of other processes out, readers included, whatever their
#           busy timeout. After close() they are still shut out; what lets them in is that Python frees the object, so
#           one reference that is kept (a module's variable, a traceback, a debugger) keeps the database locked.
# Seen:     2026-11-28: "Turso open: database is locked", "Turso closed: database is locked", "object freed: [1]".
# Matters:  a backup, a monitor or a second worker that uses SQLite fails for as long as the other process lives, though
#           its code closes what it opens. WAL in the header does not mean that readers can read.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
{ python3 -m venv v && v/bin/pip -q install pyturso==0.8.3; } >/dev/null 2>&1 || {
	echo "cannot be had here: pyturso 0.8.3"
	exit 77
}

cat >stock.py <<'END'
import sqlite3
import sys
try:
    rows = sqlite3.connect("app.db", timeout=1).execute(sys.argv[2]).fetchall()
    print(sys.argv[1], [row[0] for row in rows])
except sqlite3.Error as error:
    print(sys.argv[1], error)
END
cat >look.py <<'END'
import gc
import subprocess
import sys
import turso

def stock(what, sql="SELECT x FROM t"):
    sys.stdout.flush()
    subprocess.run([sys.executable, "stock.py", what, sql], check=True)

stock("made:", "PRAGMA journal_mode=WAL")
stock("made:", "CREATE TABLE t AS SELECT 1 AS x")
reader = turso.connect("app.db")
print("Turso reads", reader.execute("SELECT x FROM t").fetchall())
stock("Turso open:")
reader.close()
stock("Turso closed:")
del reader
gc.collect()
stock("object freed:")
END
cat >stated <<'END'
made: ['wal']
made: []
Turso reads [(1,)]
Turso open: database is locked
Turso closed: database is locked
object freed: [1]
END
v/bin/python look.py | tee seen
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
