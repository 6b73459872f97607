#!/usr/bin/env bash
# bun_async_transaction.sh - Bun 1.4.5, bun:sqlite: db.transaction(async function) commits at the first await.
#
# Guessed:  as in better-sqlite3, whose interface this is, a function that returns a promise is refused with an error.
# Happens:  it is accepted. COMMIT runs as soon as the function gives up control, before the rest of it; what comes after
#           the await runs outside of any transaction, and an error thrown there rolls nothing back.
# Seen:     2026-11-28: "in a transaction: true, after the await: false", "it failed: refused", "rows left: 2".
# Matters:  code that was moved from better-sqlite3 loses the check that kept it right, passes its tests, and leaves half
#           of the work in the database at the first failure. Begin by hand, or keep await out of it.
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
import { Database } from "bun:sqlite";
const db = new Database("app.db");
db.run("CREATE TABLE t(x)");
const order = db.transaction(async () => {
	db.run("INSERT INTO t VALUES (1)");
	const before = db.inTransaction;
	await Promise.resolve();
	console.log(`in a transaction: ${before}, after the await: ${db.inTransaction}`);
	db.run("INSERT INTO t VALUES (2)");
	throw new Error("refused");
});
try {
	await order();
} catch (error) {
	console.log("it failed:", error.message);
}
console.log("rows left:", db.query("SELECT count(*) AS n FROM t").get().n);
END
cat >stated <<'END'
in a transaction: true, after the await: false
it failed: refused
rows left: 2
END
"node_modules/$package/bin/bun" look.mjs | tee seen
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
