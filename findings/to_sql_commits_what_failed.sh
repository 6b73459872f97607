#!/usr/bin/env bash
# to_sql_commits_what_failed.sh - pandas 3.1.1, Polars 2.1.0: to_sql() and write_database() that fail commit the rows before
# the one that failed, and the DELETE or DROP before them.
#
# Guessed:  on an SQLAlchemy engine or URL the write is one transaction, and an error rolls it back, so that
#           if_exists="delete_rows" refills a table or leaves it as it was.
# Happens:  they begin a transaction and end it by COMMIT, also when an exception is on its way. PostgreSQL takes such a
#           COMMIT for a ROLLBACK; SQLite keeps what was done. engine.begin() around it, or a sqlite3 connection, rolls back.
# Seen:     2026-11-29: a table of 2 rows, 4999 good rows and a bad one: append "5001 rows", delete_rows "4999 rows",
#           replace "4999 rows", Polars append "5001 rows", each with an error; engine.begin() and sqlite3 "2 rows".
# Matters:  a nightly refill that meets one bad row leaves a part of the new table in place of the good one, and whoever
#           catches the error and tries again gets doubles, or UNIQUE errors for ever. No lock and no timeout is part of it.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
{
	python3 -m venv v && v/bin/pip -q install pandas==3.1.1 polars==2.1.0 pyarrow==26.0.1 sqlalchemy==2.1.9
} >/dev/null 2>&1 || {
	echo "cannot be had here: one of the packages"
	exit 77
}

cat >look.py <<'END'
import os
import sqlite3
import pandas
import polars
import sqlalchemy

URL = "sqlite:///app.db"
new = {"id": list(range(3, 5003)), "v": ["new"] * 4999 + [None]}
frame = pandas.DataFrame(new)

def begin(how):
    with sqlalchemy.create_engine(URL).begin() as db:
        frame.to_sql("t", db, if_exists=how, index=False)

def own_connection(how):
    db = sqlite3.connect("app.db")
    try:
        frame.to_sql("t", db, if_exists=how, index=False)
    finally:
        db.close()

def replace():
    bad = pandas.DataFrame({"id": new["id"], "v": ["new"] * 4999 + [object()]})
    bad.to_sql("t", URL, if_exists="replace", index=False)

def attempt(what, write):
    if os.path.exists("app.db"):
        os.remove("app.db")
    db = sqlite3.connect("app.db")
    db.executescript("CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT NOT NULL); INSERT INTO t VALUES (1, 'a'), (2, 'b')")
    try:
        write()
        outcome = "ok"
    except Exception:
        outcome = "an error"
    print(f"{what}: {outcome}, {db.execute('SELECT count(*) FROM t').fetchone()[0]} rows,",
          f"old rows {db.execute('SELECT count(*) FROM t WHERE id < 3').fetchone()[0]} of 2")
    db.close()

attempt("append, engine", lambda: frame.to_sql("t", sqlalchemy.create_engine(URL), if_exists="append", index=False))
attempt("append, URL", lambda: frame.to_sql("t", URL, if_exists="append", index=False))
attempt("delete_rows, URL", lambda: frame.to_sql("t", URL, if_exists="delete_rows", index=False))
attempt("replace, URL", replace)
attempt("Polars, append", lambda: polars.DataFrame(new).write_database("t", URL, if_table_exists="append"))
attempt("append, engine.begin()", lambda: begin("append"))
attempt("delete_rows, engine.begin()", lambda: begin("delete_rows"))
attempt("delete_rows, sqlite3", lambda: own_connection("delete_rows"))
END
v/bin/python -W ignore look.py | tee seen
cat >stated <<'END'
append, engine: an error, 5001 rows, old rows 2 of 2
append, URL: an error, 5001 rows, old rows 2 of 2
delete_rows, URL: an error, 4999 rows, old rows 0 of 2
replace, URL: an error, 4999 rows, old rows 0 of 2
Polars, append: an error, 5001 rows, old rows 2 of 2
append, engine.begin(): an error, 2 rows, old rows 2 of 2
delete_rows, engine.begin(): an error, 2 rows, old rows 2 of 2
delete_rows, sqlite3: an error, 2 rows, old rows 2 of 2
END
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
