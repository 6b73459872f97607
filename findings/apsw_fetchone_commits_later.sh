#!/usr/bin/env bash
# apsw_fetchone_commits_later.sh - APSW 3.54.1.0, and Peewee 4.5.3 on it: UPDATE ... RETURNING and fetchone() of its one
# row, outside of a transaction, is not committed, and holds the write lock.
#
# Guessed:  with the row in hand the statement is over, and autocommit has committed it, as with Python's sqlite3.
# Happens:  sqlite3 steps once more when it hands out a row, and so ends the statement; APSW does when the next row is asked
#           for. Until then, or the cursor's next execute(), close() or garbage collection, others see the old row, none of
#           them can write, and in_transaction says False. Peewee's APSWDatabase keeps that cursor with its result.
# Seen:     2026-11-29: sqlite3 and SqliteDatabase "others see taken, write: ok, after a kill: taken"; APSW and
#           APSWDatabase "others see new, write: database is locked, after a kill: new"; all "in a transaction: False".
# Matters:  a worker that claims its job so locks every other process out as long as the job takes, and its claim is gone
#           if it is killed. Nothing shows a transaction. fetchall() commits at once.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
{ python3 -m venv v && v/bin/pip -q install apsw==3.54.1.0 peewee==4.5.3; } >/dev/null 2>&1 || {
	echo "cannot be had here: APSW and Peewee"
	exit 77
}

cat >worker.py <<'END'
import os
import sqlite3
import subprocess
import sys
import apsw
import peewee
from playhouse.apsw_ext import APSWDatabase

CLAIM = "UPDATE job SET state = 'taken' WHERE id = (SELECT id FROM job WHERE state = 'new' LIMIT 1) RETURNING id"

def claim_by_cursor(db):
    cursor = db.cursor()
    cursor.execute(CLAIM)
    assert cursor.fetchone() == (1,)
    return cursor, db.in_transaction

def claim_by_peewee(db):
    class Job(peewee.Model):
        state = peewee.TextField()

        class Meta:
            database = db
            table_name = "job"

    result = Job.update(state="taken").where(Job.state == "new").returning(Job).execute()
    assert next(iter(result)).id == 1
    return result, db.in_transaction()

claims = {
    "sqlite3": lambda: claim_by_cursor(sqlite3.connect("app.db", isolation_level=None)),
    "APSW": lambda: claim_by_cursor(apsw.Connection("app.db")),
    "SqliteDatabase": lambda: claim_by_peewee(peewee.SqliteDatabase("app.db")),
    "APSWDatabase": lambda: claim_by_peewee(APSWDatabase("app.db")),
}
kept, in_transaction = claims[sys.argv[1]]()
print(f"{sys.argv[1]}, in a transaction: {in_transaction},", end=" ", flush=True)
subprocess.run([sys.executable, "other.py"], check=True)
os._exit(0)
END
cat >other.py <<'END'
import sqlite3
db = sqlite3.connect("app.db", timeout=1, isolation_level=None)
print("others see", *db.execute("SELECT state FROM job WHERE id = 1").fetchone(), end=", ")
try:
    db.execute("INSERT INTO job(state) VALUES ('new')")
    print("write: ok", end=", ", flush=True)
except sqlite3.OperationalError as error:
    print("write:", error, end=", ", flush=True)
END
cat >job.py <<'END'
import sqlite3
import sys
db = sqlite3.connect("app.db")
if sys.argv[1:]:
    db.execute("PRAGMA journal_mode=WAL")
    db.executescript("CREATE TABLE job(id INTEGER PRIMARY KEY, state TEXT); INSERT INTO job(state) VALUES ('new')")
else:
    print("after a kill:", *db.execute("SELECT state FROM job WHERE id = 1").fetchone())
END
for name in sqlite3 APSW SqliteDatabase APSWDatabase; do
	rm -f app.db*
	python3 job.py make
	v/bin/python worker.py "$name"
	python3 job.py
done | tee seen
cat >stated <<'END'
sqlite3, in a transaction: False, others see taken, write: ok, after a kill: taken
APSW, in a transaction: False, others see new, write: database is locked, after a kill: new
SqliteDatabase, in a transaction: False, others see taken, write: ok, after a kill: taken
APSWDatabase, in a transaction: False, others see new, write: database is locked, after a kill: new
END
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
