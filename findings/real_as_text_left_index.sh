#!/usr/bin/env bash
# real_as_text_left_index.sh - SQLite 3.51.2 to 3.54.1 (APSW 3.51.2.0, 3.54.1.0): an index over a real's text is wrong after the upgrade.
#
# Guessed:  SQLite's file format is stable: what one version has written, indexes of expressions too, the next one finds.
# Happens:  since 3.53 a real has up to 17 digits as text, before that 15: lat || ',' || lon, CAST(x AS TEXT), and json_array(x) in
#           3.53.4. An index over such an expression, or over a generated column, has the old texts. The new SQLite looks for its own:
#           nothing is found, a UNIQUE index lets the same pair in a second time, and integrity_check says that rows are missing. Nothing
#           says so at the open. REINDEX mends it, for this version only. A key that was put together so and stored is not found by the
#           same expression either.
# Seen:     2026-11-30: written by 3.51.2, read by 3.54.1: "by index 0, by scan 1", "the same pair again: inserted", "row 1 missing from
#           index spot"; a stored key "0"; after REINDEX "by index 1", and 3.51.2 then "by index 0". 3.40.1 does as 3.51.2, 3.53.0 as 3.54.1.
# Matters:  an upgrade of a runtime (Python, Node, Debian) brings it about, and so do two programs on one file that each have a SQLite of
#           their own: each one misses rows that the other has indexed, and writes duplicates. PRAGMA integrity_check after an upgrade
#           shows it; printf('%.15g', x) in place of x is the same text in all of them.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
{ python3 -m venv v && v/bin/pip -q install --target old apsw==3.51.2.0 && v/bin/pip -q install --target new apsw==3.54.1.0; } \
	>/dev/null 2>&1 || {
	echo "cannot be had here: apsw 3.51.2.0 and 3.54.1.0"
	exit 77
}

cat >look.py <<'END'
import sys
import apsw
db = apsw.Connection("app.db")
pair = (0.1 + 0.2, 52.25)

def count(table):
    return db.execute(f"SELECT count(*) FROM {table} WHERE lat || ',' || lon = ? || ',' || ?", pair).fetchone()[0]

def look():
    print(f"  {apsw.sqlite_lib_version()}: by index {count('place')}, by scan {count('place NOT INDEXED')}")

if sys.argv[1] == "make":
    db.execute("""CREATE TABLE place(id INTEGER PRIMARY KEY, lat REAL, lon REAL);
        CREATE UNIQUE INDEX spot ON place(lat || ',' || lon);
        CREATE TABLE visit(key TEXT PRIMARY KEY) WITHOUT ROWID""")
    db.execute("INSERT INTO place(lat, lon) VALUES (?, ?)", pair)
    db.execute("INSERT INTO visit VALUES (? || ',' || ?)", pair)
look()
if sys.argv[1] == "use":
    print("  a stored key:", db.execute("SELECT count(*) FROM visit WHERE key = ? || ',' || ?", pair).fetchone()[0])
    print("  integrity_check:", db.execute("PRAGMA integrity_check").fetchone()[0])
    try:
        db.execute("INSERT INTO place(lat, lon) VALUES (?, ?)", pair)
        print("  the same pair again: inserted")
        db.execute("DELETE FROM place WHERE id = 2")
    except apsw.ConstraintError as error:
        print("  the same pair again:", error)
if sys.argv[1] == "mend":
    db.execute("REINDEX")
    look()
END
for step in "old make" "old use" "new use" "new mend" "old look"; do
	echo "$step"
	PYTHONPATH=${step% *} v/bin/python look.py "${step#* }"
done | tee seen
cat >stated <<'END'
old make
  3.51.2: by index 1, by scan 1
old use
  3.51.2: by index 1, by scan 1
  a stored key: 1
  integrity_check: ok
  the same pair again: UNIQUE constraint failed: index 'spot'
new use
  3.54.1: by index 0, by scan 1
  a stored key: 0
  integrity_check: row 1 missing from index spot
  the same pair again: inserted
new mend
  3.54.1: by index 0, by scan 1
  3.54.1: by index 1, by scan 1
old look
  3.51.2: by index 0, by scan 1
END
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
