#!/usr/bin/env bash
# dump_rounds_reals.sh - the sqlite3 shell of SQLite 3.54.1 (as APSW 3.54.1.0 carries it): a .dump does not bring reals back.
#
# Guessed:  what .dump writes gives, read back, the same values: it always took 17 digits or more where 15 do not do.
# Happens:  the shell of 3.54.1 writes reals of .dump, .mode insert and .mode json with 16 digits: three reals in ten comes back as
#           its neighbour, and the largest one as Inf. quote(), .mode quote and sqlite3_dbdump of the same release keep them
#           all; so did the shells before (3.40.1 and 3.53.4 tried). sqldiff writes 15 digits, so that its own patch never makes
#           the two files equal, and Inf as a word that SQLite refuses.
# Seen:     2026-11-30: ".dump: 295 of 1000 differ", "insert: 295", "json: 295", "quote: 0", "dbdump: 0", the largest is Inf;
#           sqldiff after its own patch: "UPDATE f SET x=0.3 WHERE id=1;" once more.
# Matters:  a backup or a move to another page size by .dump changes measurements, coordinates and times as seconds in their last
#           digit, and UNIQUE keys or sums no longer match the original. Copy by .backup, VACUUM INTO or `sqlprod backup`.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
{ python3 -m venv v && v/bin/pip -q install apsw==3.54.1.0 && tools=$(dirname "$(v/bin/python -m apsw.sqlite_extra --path sqlite3_shell)") &&
	"$tools/sqlite3_shell" --version && test -x "$tools/sqlite3_diff"; } >/dev/null 2>&1 || {
	echo "cannot be had here: apsw 3.54.1.0 and its programs"
	exit 77
}

cat >look.py <<'END'
import json
import math
import random
import re
import sqlite3
import subprocess
import sys
tools = sys.argv[1]
draw = random.Random(7)
values = [draw.random() for _ in range(998)] + [0.1 + 0.2, sys.float_info.max]

def made(name, rows):
    with sqlite3.connect(name) as db:
        db.execute("CREATE TABLE f(id INTEGER PRIMARY KEY, x)")
        db.executemany("INSERT INTO f(x) VALUES (?)", [(value,) for value in rows])

def run(*command, stdin=None):
    return subprocess.run(command, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True).stdout

def read_back(sql):
    db = sqlite3.connect(":memory:")
    db.executescript(sql)
    return [x for x, in db.execute("SELECT x FROM f ORDER BY id")]

def report(what, back):
    assert len(back) == len(values)
    print(f"{what}: {sum(a != b for a, b in zip(values, back))} of {len(values)} differ, the largest is {back[-1]:.3g}")

shell = tools + "/sqlite3_shell"
made("app.db", values)
report(".dump", read_back(run(shell, "app.db", ".dump")))
for mode in "insert", "json", "quote":
    lines = run(shell, "app.db", ".mode " + mode, "SELECT x FROM f ORDER BY id").strip()
    if mode == "json":
        report(mode, [row["x"] for row in json.loads(lines)])
    else:
        report(mode, [float(re.sub(r"^.*\(|\);?$", "", line)) for line in lines.split("\n")])
report("dbdump", read_back(run(tools + "/sqlite3_dbdump", "app.db")))

made("old.db", [1.0, 1.0])
made("new.db", [0.1 + 0.2, math.inf])
for _ in range(2):
    patch = run(tools + "/sqlite3_diff", "old.db", "new.db")
    print("sqldiff:", " ".join(patch.split("\n")).strip())
    run(shell, "old.db", stdin=patch)
END
v/bin/python look.py "$tools" | tee seen
cat >stated <<'END'
.dump: 295 of 1000 differ, the largest is inf
insert: 295 of 1000 differ, the largest is inf
json: 295 of 1000 differ, the largest is inf
quote: 0 of 1000 differ, the largest is 1.8e+308
dbdump: 0 of 1000 differ, the largest is 1.8e+308
sqldiff: UPDATE f SET x=0.3 WHERE id=1; UPDATE f SET x=Inf WHERE id=2;
sqldiff: UPDATE f SET x=0.3 WHERE id=1; UPDATE f SET x=Inf WHERE id=2;
END
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
