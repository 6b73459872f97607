#!/usr/bin/env bash
# apsw_bestpractice_locked.sh - APSW 3.54.1.0: with its recommended best practice no connection can be opened while another process writes.
#
# Guessed:  apsw.bestpractice.apply(recommended), which turns on WAL, foreign keys and a busy timeout, makes connections that open beside a
#           writer, as any does in WAL mode, and that wait a little where they must.
# Happens:  it also runs PRAGMA optimize=0x10002 at each open, which writes statistics of tables that have none. While another process is
#           in a write transaction apsw.Connection() then raises BusyError; without the best practice it opens and reads. Once ANALYZE has
#           run it opens, but one empty table is enough to bring that back for ever: an empty table never gets statistics.
# Seen:     2026-11-29: "without the best practice: opened", "new database: BusyError", "analyzed: opened", "analyzed, with an empty table:
#           BusyError", "read-only: opened" (SQLITE_OPEN_READONLY).
# Matters:  a second worker that starts, or a pool that opens another connection, fails by what was to make it robust: "database is locked"
#           where nothing was to be written. While the database has no statistics at all SQLite does not ask the busy handler, and no busy
#           timeout helps; later the PRAGMA waits as long as is set: 100 ms here, 30 s with the library. Leave
#           apsw.bestpractice.connection_optimize out, and run the PRAGMA at another time.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
{ python3 -m venv v && v/bin/pip -q install apsw==3.54.1.0; } >/dev/null 2>&1 || {
	echo "cannot be had here: apsw 3.54.1.0"
	exit 77
}
cat >look.py <<'END'
import subprocess
import sys
import apsw
import apsw.bestpractice

if sys.argv[1:] == ["write"]:
    writer = apsw.Connection("app.db")
    writer.execute("BEGIN IMMEDIATE; INSERT INTO t(x) VALUES (1)").fetchall()
    print("writes", flush=True)
    sys.stdin.read()
    sys.exit()

def attempt(what, flags=apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE):
    writer = subprocess.Popen([sys.executable, "look.py", "write"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    writer.stdout.readline()
    try:
        reader = apsw.Connection("app.db", flags=flags)
        reader.execute("SELECT count(*) FROM t").fetchall()
        reader.close()
        print(what, "opened")
    except apsw.Error as error:
        print(what, type(error).__name__)
    writer.communicate()

make = apsw.Connection("app.db")
make.execute("PRAGMA journal_mode=wal; CREATE TABLE t(id INTEGER PRIMARY KEY, x)").fetchall()
make.close()
attempt("without the best practice:")
apsw.config(apsw.SQLITE_CONFIG_LOG, None)
apsw.bestpractice.apply([each for each in apsw.bestpractice.recommended if each is not apsw.bestpractice.library_logging])
attempt("new database:")
make = apsw.Connection("app.db")
make.execute("CREATE INDEX i ON t(x); INSERT INTO t(x) VALUES (1), (2), (3); ANALYZE").fetchall()
make.close()
attempt("analyzed:")
make = apsw.Connection("app.db")
make.execute("CREATE TABLE u(x)").fetchall()
make.close()
attempt("analyzed, with an empty table:")
attempt("read-only:", apsw.SQLITE_OPEN_READONLY)
END
v/bin/python look.py | tee seen
cat >stated <<'END'
without the best practice: opened
new database: BusyError
analyzed: opened
analyzed, with an empty table: BusyError
read-only: opened
END
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
