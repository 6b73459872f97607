#!/usr/bin/env bash
# turso_read_makes_wal.sh - pyturso 0.8.3: opening a database to read it makes it a WAL database for good.
#
# Guessed:  the engine reads the file format that it finds; a SELECT leaves a rollback-journal database as it was.
# Happens:  the open rewrites bytes 18 and 19 of the header from 1 1 to 2 2 and leaves an empty -wal. No PRAGMA asked
#           for it, nothing says so, and every SQLite that opens the file from then on is in WAL mode.
# Seen:     2026-11-28: "before 1 1", "after a SELECT 2 2", "SQLite says wal".
# Matters:  a report script moves a database to WAL whose folder other users cannot write, or which lies on a network
#           filesystem, or whose backup copies one file; a search for what switched it finds no statement that did.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
{ python3 -m venv v && v/bin/pip -q install pyturso==0.8.3; } >/dev/null 2>&1 || {
	echo "cannot be had here: pyturso 0.8.3"
	exit 77
}

stock() {
	python3 -c '
import sqlite3, sys
print(*sum(sqlite3.connect("app.db").executescript(sys.argv[1]).execute(sys.argv[2]).fetchall(), ()))' "$@"
}

versions() {
	python3 -c 'print(*open("app.db", "rb").read(20)[18:])'
}

{
	stock 'CREATE TABLE t(x); INSERT INTO t VALUES (1)' 'PRAGMA journal_mode'
	echo "before $(versions)"
	v/bin/python -c 'import turso; print("rows", turso.connect("app.db").execute("SELECT x FROM t").fetchall())'
	echo "after a SELECT $(versions)"
	echo "SQLite says $(stock '' 'PRAGMA journal_mode')"
} | tee seen
cat >stated <<'END'
delete
before 1 1
rows [(1,)]
after a SELECT 2 2
SQLite says wal
END
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
