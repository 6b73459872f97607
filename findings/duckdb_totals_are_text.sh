#!/usr/bin/env bash
# duckdb_totals_are_text.sh - DuckDB 1.5.5 with its sqlite extension: sum() and DECIMAL columns of a table that it makes in SQLite are text there.
#
# Guessed:  CREATE TABLE s.total AS SELECT shop, sum(n) ... makes a column of numbers, as it does in DuckDB, or rounds what is too large.
# Happens:  DuckDB's sum() over integers is a HUGEINT, and prices are DECIMAL; SQLite has neither, so both become VARCHAR columns that hold
#           text. In SQLite ORDER BY and max() then go by the first digit, and "n > 1000" is true of all, or of none, as the text of
#           1000 is compared. count() and avg() are numbers. An INSERT into a table that was made with INTEGER and DECIMAL columns is right.
# Seen:     2026-11-30, sums 50, 4000 and 300: "ORDER BY n DESC: 50 4000 300", "max: 50", "n > 1000: 3 of 3", typeof "text"; into a table that was
#           made before "4000 300 50", "4000", "1 of 3".
# Matters:  a nightly report that DuckDB writes for a program on SQLite shows the wrong best shop, and a limit that never or always holds. No
#           error, as each value by itself looks right. CREATE TABLE in SQLite first, or sum(n)::BIGINT and price::DOUBLE.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
{ python3 -m venv v && v/bin/pip -q install duckdb==1.5.5 duckdb-extensions==1.5.5 duckdb-extension-sqlite-scanner==1.5.5; } >/dev/null 2>&1 || {
	echo "cannot be had here: DuckDB 1.5.5 with its sqlite extension"
	exit 77
}
# The extension is unpacked below the home folder.
export HOME=$work

cat >look.py <<'END'
import sqlite3
import duckdb
from duckdb_extensions import import_extension

import_extension("sqlite_scanner")
duck = duckdb.connect()
duck.execute("LOAD sqlite_scanner")
duck.execute("ATTACH 'app.db' AS s (TYPE sqlite)")
duck.execute("CREATE TABLE sale AS SELECT * FROM (VALUES (1, 50), (2, 2000), (2, 2000), (3, 300)) AS t(shop, n)")
TOTALS = "SELECT shop, sum(n) AS n, sum(n::DECIMAL(10,2)) AS turnover FROM sale GROUP BY shop"
duck.execute(f"CREATE TABLE s.made AS {TOTALS}")
db = sqlite3.connect("app.db")
db.execute("CREATE TABLE before(shop INTEGER, n INTEGER, turnover DECIMAL(10,2))")
db.commit()
duck.execute(f"INSERT INTO s.before {TOTALS}")
for table in "made", "before":
    print(table)
    print("  typeof:", *db.execute(f"SELECT typeof(n), typeof(turnover) FROM {table} LIMIT 1").fetchone())
    print("  ORDER BY n DESC:", *(n for n, in db.execute(f"SELECT n FROM {table} ORDER BY n DESC")))
    print("  max:", *db.execute(f"SELECT max(n), max(turnover) FROM {table}").fetchone())
    print("  n > 1000:", db.execute(f"SELECT count(*) FROM {table} WHERE n > 1000").fetchone()[0], "of 3")
END
v/bin/python look.py | tee seen
cat >stated <<'END'
made
  typeof: text text
  ORDER BY n DESC: 50 4000 300
  max: 50 50.00
  n > 1000: 3 of 3
before
  typeof: integer integer
  ORDER BY n DESC: 4000 300 50
  max: 4000 4000
  n > 1000: 1 of 3
END
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
