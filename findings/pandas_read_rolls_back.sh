#!/usr/bin/env bash
# pandas_read_rolls_back.sh - pandas 3.1.1 with a sqlite3 connection: a read that fails takes the caller's writes along.
#
# Guessed:  in a transaction of the caller's own, read_sql() only reads and to_sql() joins it; COMMIT and ROLLBACK stay mine.
# Happens:  a read_sql() that fails (here a table that is not there, which many catch) has rolled back all that was
#           written before; to_sql() commits it. A SQLAlchemy connection to the same file keeps the transaction in both.
# Seen:     2026-11-29: "sqlite3, after a failed read: kept 0 of 1", "sqlite3, to_sql() then rollback: kept 1 of 0";
#           SQLAlchemy 2.1.9: "kept 1 of 1", "kept 0 of 0".
# Matters:  an audit row, a reservation or a lock of one's own (BEGIN IMMEDIATE) is gone in the middle of the work, without an
#           error of its own, and another process writes in between.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
{ python3 -m venv v && v/bin/pip -q install pandas==3.1.1 SQLAlchemy==2.1.9; } >/dev/null 2>&1 || {
	echo "cannot be had here: pandas 3.1.1"
	exit 77
}

cat >look.py <<'END'
import sqlite3
import pandas
import sqlalchemy

observer = sqlite3.connect("app.db")
observer.execute("CREATE TABLE audit(x)")
frame = pandas.DataFrame({"a": [1]})

def optional_read(connection):
    try:
        pandas.read_sql("SELECT * FROM not_made_yet", connection)
    except Exception:
        pass

def kept():
    rows = observer.execute("SELECT count(*) FROM audit").fetchone()[0]
    observer.execute("DELETE FROM audit")
    observer.commit()
    return rows

def look(name, open_connection):
    connection = open_connection()
    connection.execute(text("INSERT INTO audit VALUES (1)"))
    optional_read(connection)
    connection.commit()
    print("%s, after a failed read: kept %d of 1" % (name, kept()))
    connection.execute(text("INSERT INTO audit VALUES (2)"))
    frame.to_sql("result", connection, if_exists="append", index=False)
    connection.rollback()
    print("%s, to_sql() then rollback: kept %d of 0" % (name, kept()))
    connection.close()

text = str
look("sqlite3", lambda: sqlite3.connect("app.db"))
text = sqlalchemy.text
look("SQLAlchemy", sqlalchemy.create_engine("sqlite:///app.db").connect)
END
cat >stated <<'END'
sqlite3, after a failed read: kept 0 of 1
sqlite3, to_sql() then rollback: kept 1 of 0
SQLAlchemy, after a failed read: kept 1 of 1
SQLAlchemy, to_sql() then rollback: kept 0 of 0
END
v/bin/python look.py | tee seen
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
