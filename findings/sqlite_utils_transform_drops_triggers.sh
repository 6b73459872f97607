#!/usr/bin/env bash
# sqlite_utils_transform_drops_triggers.sh - sqlite-utils 4.2.1: transform() drops the triggers of the table, and full-text search stands still.
#
# Guessed:  transform() keeps what belongs to a table: it says that it keeps indexes, foreign keys and rowids, and the triggers of
#           enable_fts(create_triggers=True) are sqlite-utils' own.
# Happens:  it copies into a new table and drops the old one, and with it every trigger: those of the search, and others, as of an audit log.
#           New rows are not found, changed ones by their old words only, and no error comes. populate_fts() mends what is missing until
#           the next write; enable_fts(..., replace=True) makes the triggers anew.
# Seen:     2026-11-30: "triggers before: docs_ad docs_ai docs_au keep", "after transform(): none", a row that is new: found 0 of 1;
#           one that was changed: by its new word 0, by its old one 1; the audit log gets 2 rows before it and none after.
# Matters:  a migration of one column's type or default (also `sqlite-utils transform`, and add_foreign_key()) ends search and
#           audit in production, and only a user who does not find his document notices. List sqlite_master's triggers before and after.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
{ python3 -m venv v && v/bin/pip -q install sqlite-utils==4.2.1; } >/dev/null 2>&1 || {
	echo "cannot be had here: sqlite-utils 4.2.1"
	exit 77
}

cat >look.py <<'END'
import sqlite_utils

db = sqlite_utils.Database("app.db")
docs = db["docs"]
docs.insert_all([{"id": 1, "title": "apple", "n": 1}, {"id": 2, "title": "pear", "n": 1}], pk="id")
docs.enable_fts(["title"], create_triggers=True)
db["audit"].create({"what": str})
with db.conn:
    db.execute("""CREATE TRIGGER keep AFTER UPDATE ON docs BEGIN INSERT INTO audit VALUES (old.title); END""")

def triggers():
    names = [name for name, in db.execute("SELECT name FROM sqlite_master WHERE type='trigger' ORDER BY name")]
    return " ".join(names) or "none"

def found(word):
    return len(list(docs.search(word)))

def look(what):
    print(what)
    print("  triggers:", triggers())
    docs.insert({"id": docs.count + 1, "title": "fresh" + what, "n": 1})
    docs.update(1, {"title": "new" + what})
    print(f"  found: a new row {found('fresh' + what)}, a changed row {found('new' + what)}, by its old word {found('apple')}")
    docs.update(1, {"title": "apple"})
    print("  rows in the audit log:", db["audit"].count)

look("before")
docs.transform(types={"n": float})
look("after")
END
v/bin/python look.py | tee seen
cat >stated <<'END'
before
  triggers: docs_ad docs_ai docs_au keep
  found: a new row 1, a changed row 1, by its old word 0
  rows in the audit log: 2
after
  triggers: none
  found: a new row 0, a changed row 0, by its old word 1
  rows in the audit log: 2
END
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
