#!/usr/bin/env bash
# polars_cuts_decimals.sh - Polars 2.1.0: read_database() cuts the decimals off a NUMERIC column whose first 100 values are whole.
#
# Guessed:  a column that has integers first and reals later becomes Float64, as in pandas, or is an error, as text after numbers is.
# Happens:  the type is taken from the first 100 rows. SQLite stores a whole number in a NUMERIC, DECIMAL or untyped column as an integer, so
#           a price list that begins with whole prices is Int64, and 12.75 further down becomes 12 without an error or a warning. The
#           same over a SQLAlchemy connection, and per batch with iter_batches. infer_schema_length=None reads it right.
# Seen:     2026-11-30, 150 rows of 5, then 12.75 and 0.99: SQLite "763.74", pandas 3.1.1 "763.74", Polars "Int64 762",
#           with infer_schema_length=None "Float64 763.74"; a text in such a column is an error.
# Matters:  turnover, invoices and averages are too low, by a little and in silence, and it depends on the order of the rows whether they
#           are. Django's DecimalField and SQLAlchemy's Numeric are such columns. Give infer_schema_length=None, or CAST(price AS REAL).
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
{ python3 -m venv v && v/bin/pip -q install polars==2.1.0 pandas==3.1.1 sqlalchemy==2.1.9; } >/dev/null 2>&1 || {
	echo "cannot be had here: one of the packages"
	exit 77
}

cat >look.py <<'END'
import sqlite3
import pandas
import polars
import sqlalchemy

db = sqlite3.connect("app.db")
db.execute("CREATE TABLE item(id INTEGER PRIMARY KEY, price DECIMAL(10,2), code)")
db.executemany("INSERT INTO item(price, code) VALUES (?, ?)", [(5, 1)] * 150 + [(12.75, 1), (0.99, "n/a")])
db.commit()
ALL = "SELECT price FROM item"

def report(what, frame):
    print(f"{what}: {frame['price'].dtype} {frame['price'].sum():.6g}")

print(f"SQLite: {db.execute('SELECT sum(price) FROM item').fetchone()[0]:.6g}")
report("pandas", pandas.read_sql(ALL, db))
report("Polars", polars.read_database(ALL, db))
with sqlalchemy.create_engine("sqlite:///app.db").connect() as connection:
    report("Polars, SQLAlchemy", polars.read_database(ALL, connection))
batches = polars.read_database(ALL, db, iter_batches=True, batch_size=152)
print("Polars, batches:", *(batch["price"].sum() for batch in batches))
report("Polars, rows in another order", polars.read_database(ALL + " ORDER BY id DESC", db))
report("Polars, infer_schema_length=None", polars.read_database(ALL, db, infer_schema_length=None))
try:
    polars.read_database("SELECT code FROM item", db)
    print("text after integers: read")
except polars.exceptions.ComputeError:
    print("text after integers: an error")
END
v/bin/python -W ignore look.py | tee seen
cat >stated <<'END'
SQLite: 763.74
pandas: float64 763.74
Polars: Int64 762
Polars, SQLAlchemy: Int64 762
Polars, batches: 762
Polars, rows in another order: Float64 763.74
Polars, infer_schema_length=None: Float64 763.74
text after integers: an error
END
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
