#!/usr/bin/env bash
# sqlcipher_export_renumbers.sh - SQLCipher (sqlcipher3 0.6.4, SQLite 3.53.4): sqlcipher_export() gives rows other numbers and forgets user_version.
#
# Guessed:  sqlcipher_export('enc') makes the same database, encrypted: it is how a database that is in use gets encrypted.
# Happens:  it writes schema and rows by SQL. In a table without INTEGER PRIMARY KEY the numbers close up where rows were deleted, while an
#           FTS5 index of external content has the old ones: search answers other rows, or an error for the last ones. user_version,
#           application_id and auto_vacuum are 0. integrity_check says ok.
# Seen:     2026-11-30, "green" deleted of red, green, blue, white: search for blue in the original "blue", exported "white"; for white
#           "white", exported "DatabaseError"; user_version 42, exported 0; integrity_check "ok" in both.
# Matters:  an app that goes on with the encrypted copy finds version 0 and migrates from the beginning, or refuses, and its search shows
#           another customer's note. Set user_version by hand, and INSERT INTO search(search) VALUES ('rebuild'), or give each table an
#           INTEGER PRIMARY KEY before.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
{ python3 -m venv v && v/bin/pip -q install sqlcipher3==0.6.4; } >/dev/null 2>&1 || {
	echo "cannot be had here: sqlcipher3 0.6.4"
	exit 77
}

cat >look.py <<'END'
import sqlcipher3.dbapi2 as sqlcipher

plain = sqlcipher.connect("plain.db", isolation_level=None)
plain.executescript("""PRAGMA user_version=42;
CREATE TABLE note(body TEXT);
CREATE VIRTUAL TABLE search USING fts5(body, content='note');
CREATE TRIGGER added AFTER INSERT ON note BEGIN INSERT INTO search(rowid, body) VALUES (new.rowid, new.body); END;
CREATE TRIGGER deleted AFTER DELETE ON note BEGIN INSERT INTO search(search, rowid, body) VALUES ('delete', old.rowid, old.body); END;
INSERT INTO note VALUES ('red'), ('green'), ('blue'), ('white');
DELETE FROM note WHERE body = 'green';""")

def found(db, word):
    try:
        return " ".join(body for body, in db.execute("SELECT body FROM search WHERE search MATCH ?", (word,)))
    except sqlcipher.Error as error:
        return type(error).__name__

def look(what, db):
    print(what)
    for word in "red", "blue", "white":
        print(f"  {word}: {found(db, word)}")
    for pragma in "user_version", "integrity_check":
        print(f"  {pragma}:", *db.execute(f"PRAGMA {pragma}").fetchone())

look("original", plain)
plain.executescript("ATTACH 'encrypted.db' AS enc KEY 'secret'; SELECT sqlcipher_export('enc'); DETACH enc;")
encrypted = sqlcipher.connect("encrypted.db")
encrypted.execute("PRAGMA key='secret'")
look("exported", encrypted)
END
v/bin/python look.py | tee seen
cat >stated <<'END'
original
  red: red
  blue: blue
  white: white
  user_version: 42
  integrity_check: ok
exported
  red: red
  blue: white
  white: DatabaseError
  user_version: 0
  integrity_check: ok
END
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
