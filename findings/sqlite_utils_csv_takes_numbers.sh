#!/usr/bin/env bash
# sqlite_utils_csv_takes_numbers.sh - sqlite-utils 4.2.1: `insert --csv` takes the zeros off 01234 and makes two order numbers of 20 digits one.
#
# Guessed:  a CSV comes in as text, as with sqlite-utils 3 and the sqlite3 shell; types only by --detect-types, and only where nothing is lost.
# Happens:  since 4.0 types are detected unless --no-detect-types says otherwise. A column in which every value reads as a number is INTEGER or
#           REAL: postcodes and phone numbers lose their zeros, the article code 1e5 is 100000.0, and a number of more than 18 digits is
#           rounded to 16. A single value that is no number keeps the whole column right, so the same file is well one day and not the
#           next. Into a table that is there already its own column types decide.
# Seen:     2026-11-30: "zip 1234, code 100000.0, reference 1.2345678901234567e+19", "two references: 1 distinct"; 3.39 and --no-detect-types
#           "zip 01234, code 1e5, reference 12345678901234567890", "2 distinct"; with one zip of letters "zip 01234".
# Matters:  an import that is run again after an upgrade writes other keys than before: joins find nothing, UNIQUE refuses what was two, and
#           what was cut off cannot be got back from the database. --no-detect-types, or --type for each such column.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
{ python3 -m venv new && python3 -m venv old && new/bin/pip -q install sqlite-utils==4.2.1 && old/bin/pip -q install sqlite-utils==3.39; } \
	>/dev/null 2>&1 || {
	echo "cannot be had here: sqlite-utils 4.2.1 and 3.39"
	exit 77
}

printf '%s\n' zip,code,reference 01234,1e5,12345678901234567890 98765,2e3,12345678901234567891 >numbers.csv
printf '%s\n' zip,code,reference 01234,1e5,12345678901234567890 AB1,2e3,12345678901234567891 >letters.csv
look() {
	printf '%s: ' "$1"
	shift
	"$@" >/dev/null 2>&1
	python3 - <<'END'
import os
import sqlite3
db = sqlite3.connect("app.db")
print("zip {}, code {}, reference {!r},".format(*db.execute("SELECT * FROM t").fetchone()),
      db.execute("SELECT count(DISTINCT reference) FROM t").fetchone()[0], "distinct")
os.remove("app.db")
END
}
{
	look "4.2.1" new/bin/sqlite-utils insert app.db t numbers.csv --csv
	look "4.2.1, one zip of letters" new/bin/sqlite-utils insert app.db t letters.csv --csv
	look "4.2.1 --no-detect-types" new/bin/sqlite-utils insert app.db t numbers.csv --csv --no-detect-types
	look "3.39" old/bin/sqlite-utils insert app.db t numbers.csv --csv
} | tee seen
cat >stated <<'END'
4.2.1: zip 1234, code 100000.0, reference 1.2345678901234567e+19, 1 distinct
4.2.1, one zip of letters: zip 01234, code 100000.0, reference 1.2345678901234567e+19, 1 distinct
4.2.1 --no-detect-types: zip 01234, code 1e5, reference '12345678901234567890', 2 distinct
3.39: zip 01234, code 1e5, reference '12345678901234567890', 2 distinct
END
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
