#!/usr/bin/env bash
# bun_sql_joins_transaction.sh - Bun 1.4.5, Bun.SQL on SQLite: a query beside an open sql.begin() runs inside of it.
#
# Guessed:  sql.begin() reserves the connection; a query on sql itself waits, or takes another connection.
# Happens:  a second sql.begin() waits, but a plain sql`...` goes straight into the open transaction. Its promise resolves,
#           and its row is gone when that transaction rolls back.
# Seen:     2026-11-28: "plain query: written", "transaction: rolled back", "rows of the plain query: 0".
# Matters:  the same code is right on PostgreSQL, which Bun.SQL serves by a pool. On SQLite a request without a
#           transaction of its own loses its write because another request failed. Put every write into sql.begin().
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
case $(uname -m) in
	x86_64) package=@oven/bun-linux-x64 ;;
	aarch64) package=@oven/bun-linux-aarch64 ;;
	*) package=none ;;
esac
npm install --prefix "$work" --no-fund --no-audit --ignore-scripts "$package@1.4.5" >/dev/null 2>&1 || {
	echo "cannot be had here: Bun 1.4.5"
	exit 77
}

cat >look.mjs <<'END'
const sql = new Bun.SQL("sqlite://app.db");
await sql`CREATE TABLE t(who)`;
let inserted, decided;
const ready = new Promise((resolve) => (inserted = resolve));
const done = new Promise((resolve) => (decided = resolve));
const transaction = sql.begin(async (open) => {
	await open`INSERT INTO t VALUES ('transaction')`;
	inserted();
	await Promise.race([done, new Promise((resolve) => setTimeout(resolve, 1000))]);
	throw new Error("rolled back");
});
await ready;
const plain = sql`INSERT INTO t VALUES ('plain')`
	.then(() => console.log("plain query: written"), (error) => console.log("plain query:", error.message))
	.finally(decided);
await transaction.catch((error) => console.log("transaction:", error.message));
await plain;
console.log("rows of the plain query:", (await sql`SELECT count(*) AS n FROM t WHERE who = 'plain'`)[0].n);
await sql.close();
END
cat >stated <<'END'
plain query: written
transaction: rolled back
rows of the plain query: 0
END
"node_modules/$package/bin/bun" look.mjs | tee seen
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
