#!/usr/bin/env bash
# deno_iterate_hides_errors.sh - Deno 2.9.6, its node:sqlite (SQLite 3.53.2): iterate() ends where it should throw.
#
# Guessed:  a for loop over statement.iterate() throws what all() and get() throw, as it does in Node.
# Happens:  every error while stepping ends the loop in silence: a locked database is an empty table, a query that fails
#           at its third row is a result of two, a refused INSERT ... RETURNING is nothing at all.
# Seen:     2026-11-28: "locked: all() throws database is locked, iterate() gives []",
#           "fails at the third row: all() throws malformed JSON, iterate() gives [1,2]",
#           "duplicate key: all() throws UNIQUE constraint failed: t.x, iterate() gives []".
# Matters:  an export, a queue's worker or a cache's refill takes "busy" for "nothing there" and acts on it.
#           Nothing is logged, so the error rate even falls. In Deno read with all().
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
case $(uname -m) in
	x86_64) package=@deno/linux-x64-glibc ;;
	aarch64) package=@deno/linux-arm64-glibc ;;
	*) package=none ;;
esac
npm install --prefix "$work" --no-fund --no-audit "$package@2.9.6" >/dev/null 2>&1 || {
	echo "cannot be had here: Deno 2.9.6"
	exit 77
}
export DENO_DIR="$work/cache" DENO_NO_UPDATE_CHECK=1

cat >look.mjs <<'END'
import { DatabaseSync } from "node:sqlite";
const holder = new DatabaseSync("app.db");
const reader = new DatabaseSync("app.db");
holder.exec("CREATE TABLE t(x UNIQUE); INSERT INTO t VALUES (1), (2), (3)");

const attempt = (how) => {
	try {
		return "gives " + JSON.stringify(how().map((row) => row.x));
	} catch (error) {
		return "throws " + error.message;
	}
};
const both = (what, sql) => {
	const all = attempt(() => reader.prepare(sql).all());
	const iterate = attempt(() => [...reader.prepare(sql).iterate()]);
	console.log(`${what}: all() ${all}, iterate() ${iterate}`);
};

both("free", "SELECT x FROM t");
holder.exec("BEGIN EXCLUSIVE");
both("locked", "SELECT x FROM t");
holder.exec("COMMIT");
both("fails at the third row", "SELECT x, json(iif(x < 3, '1', 'no JSON')) FROM t");
both("duplicate key", "INSERT INTO t VALUES (1) RETURNING x");
END
cat >stated <<'END'
free: all() gives [1,2,3], iterate() gives [1,2,3]
locked: all() throws database is locked, iterate() gives []
fails at the third row: all() throws malformed JSON, iterate() gives [1,2]
duplicate key: all() throws UNIQUE constraint failed: t.x, iterate() gives []
END
"node_modules/$package/deno" run --quiet -A look.mjs | tee seen
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
