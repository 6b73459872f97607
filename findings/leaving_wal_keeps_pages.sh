#!/usr/bin/env bash
# leaving_wal_keeps_pages.sh - SQLite 3.54.1 (APSW 3.54.1.0): a connection that leaves WAL mode loses what others have committed since it has read.
#
# Guessed:  PRAGMA journal_mode=DELETE in a WAL database either fails or is safe: it needs the database for itself and copies all of the
#           -wal into it, so that the connection then sees, and keeps, what others have committed.
# Happens:  it copies all, but the connection keeps the pages that it has read before. With a rollback journal it asks the change counter
#           whether they are current, and commits in WAL mode do not move that. Its next write changes an old page and puts it back: the
#           rows that another connection has committed in between are gone. No error; integrity_check says ok. The same two connections
#           lose nothing if the first one stays in WAL mode, or has read nothing.
# Seen:     2026-11-29: "stays in WAL: a, b, c", "has read nothing: a, b, c", "leaves WAL: a, c"; 3.40.1 does the same.
# Matters:  a program that sets its journal mode on each connection, after a first look, and finds a database that another program has in
#           WAL mode: it is the last one to have it open, and its first row replaces another's. A tool that switches a live database back
#           has to close its connection after that, and not write. With the library SQLite finds its pages outdated and reads them anew.
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

if sys.argv[1:]:
    apsw.Connection("app.db").execute("INSERT INTO t VALUES ('b')").fetchall()
    sys.exit()

def attempt(what, reads, leaves):
    connection = apsw.Connection("app.db")
    connection.execute("DROP TABLE IF EXISTS t; CREATE TABLE t(x); INSERT INTO t VALUES ('a'); PRAGMA journal_mode=WAL").fetchall()
    connection.close()
    connection = apsw.Connection("app.db")
    if reads:
        connection.execute("SELECT * FROM t").fetchall()
    subprocess.run([sys.executable, "look.py", "other"], check=True)
    if leaves:
        assert connection.execute("PRAGMA journal_mode=DELETE").fetchall() == [("delete",)]
    connection.execute("INSERT INTO t VALUES ('c')").fetchall()
    connection.close()
    connection = apsw.Connection("app.db")
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    print(what, ", ".join(row[0] for row in connection.execute("SELECT x FROM t")))
    connection.close()

attempt("stays in WAL:", True, False)
attempt("has read nothing:", False, True)
attempt("leaves WAL:", True, True)
END
cat >stated <<'END'
stays in WAL: a, b, c
has read nothing: a, b, c
leaves WAL: a, c
END
v/bin/python look.py | tee seen
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
