#!/usr/bin/env bash
# blob_close_drops_write.sh - Python's sqlite3 (3.11 and later): a Blob that could not be committed closes without an error, and one
# that is only read holds the write lock.
#
# Guessed:  outside of a transaction blob.write() is committed at the latest by blob.close(), which raises if that cannot be done;
#           a blob that is only read takes no more than a SELECT does; connection.commit() commits what was written.
# Happens:  SQLite begins a write transaction when the blob is opened and commits it when it is closed, and Python drops what
#           sqlite3_blob_close() returns: beside a reader of a rollback journal write() and close() succeed and the old bytes stay.
#           APSW raises. blobopen() opens for writing unless told readonly=True, so reading too locks every other writer
#           out, and commit() before close() ends nothing: in_transaction is False all along.
# Seen:     2026-11-30, Python 3.11: "sqlite3 closes: ok, in the table: old-", "APSW closes: BusyError, in the table: old-",
#           "beside an open blob: database is locked", "after commit(): database is locked", "readonly=True: ok".
# Matters:  an upload that was answered with 200 is not there. WAL mode ends that part, as no reader refuses a commit; the write lock
#           of a blob that streams to a slow client remains, and every other process waits its busy timeout, then fails.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
{ python3 -m venv v && v/bin/pip -q install apsw==3.54.1.0 && v/bin/python -c 'import sqlite3; sqlite3.Blob'; } >/dev/null 2>&1 || {
	echo "cannot be had here: Python 3.11 or later, and apsw 3.54.1.0"
	exit 77
}

cat >look.py <<'END'
import sqlite3
import apsw

def attempt(action):
    try:
        action()
        return "ok"
    except (sqlite3.Error, apsw.Error) as error:
        return str(error) if isinstance(error, sqlite3.Error) else type(error).__name__

other = sqlite3.connect("app.db", isolation_level=None, timeout=0.2)
other.execute("CREATE TABLE file(bytes)")
other.execute("INSERT INTO file VALUES (CAST('old-' AS BLOB)), (CAST('old-' AS BLOB))")

def look():
    return other.execute("SELECT CAST(bytes AS TEXT) FROM file WHERE rowid = 1").fetchone()[0]

def write_beside_reader(what, connection, open_blob):
    reader = connection.execute("SELECT rowid FROM file")
    next(reader)
    blob = open_blob()
    blob.write(b"new!")
    print(f"{what} closes: {attempt(blob.close)},", end=" ")
    reader.close()
    print("in the table:", look())

db = sqlite3.connect("app.db", timeout=0.2)
write_beside_reader("sqlite3", other, lambda: db.blobopen("file", "bytes", 1))
# Of APSW's own SQLite both: two copies of SQLite in one process do not see each other's locks.
readers, writer = apsw.Connection("app.db"), apsw.Connection("app.db")
write_beside_reader("APSW", readers, lambda: writer.blob_open("main", "file", "bytes", 1, True))
readers.close()
writer.close()

other.execute("PRAGMA journal_mode=WAL")
insert = lambda: other.execute("INSERT INTO file VALUES (1)")
with db.blobopen("file", "bytes", 1) as blob:
    blob.read()
    print("beside an open blob:", attempt(insert))
    print("in_transaction:", db.in_transaction)
    db.commit()
    print("after commit():", attempt(insert))
with db.blobopen("file", "bytes", 1, readonly=True) as blob:
    blob.read()
    print("readonly=True:", attempt(insert))
END
cat >stated <<'END'
sqlite3 closes: ok, in the table: old-
APSW closes: BusyError, in the table: old-
beside an open blob: database is locked
in_transaction: False
after commit(): database is locked
readonly=True: ok
END
v/bin/python look.py | tee seen
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
