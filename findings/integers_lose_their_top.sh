#!/usr/bin/env bash
# integers_lose_their_top.sh - Xerial SQLite JDBC 3.54.1.0 (getInt(), and jOOQ 3.19.18's Integer), Diesel 2.3.14 (Integer): what is beyond 32
# bits is cut off, without an error.
#
# Guessed:  a value that does not fit is an error, as JDBC asks for; SQLite's INTEGER has 64 bits, after all.
# Happens:  both read by the function of SQLite that gives the low 32 bits. A time in milliseconds is a negative number, 5000000000 is
#           705032704, and the key 4294967297 is 1, so that two rows have the same key. getShort() and Diesel's SmallInt cut at 16 bits.
# Seen:     2026-11-30: rows (1, 1764500000000), (4294967297, 5000000000): "(1, -731558656) (1, 705032704)" from all three, as 16 bits 19712
#           and -3584; getLong() and BigInt are right; Diesel's sum(), which is a BigInt, too.
# Matters:  a program that was right for years goes wrong at 2^31, and an UPDATE by the key that was read hits another row. Totals by sum() are
#           right and hide it. getLong(), Long and BigInt for every INTEGER column that is not known to be small.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir -p rust/src
cat >rust/Cargo.toml <<'END'
[package]
name = "look"
version = "1.0.0"
edition = "2021"

[dependencies]
diesel = { version = "=2.3.14", features = ["sqlite"] }
libsqlite3-sys = { version = "=0.38.2", features = ["bundled"] }
END
cat >rust/src/main.rs <<'END'
use diesel::prelude::*;

mod as_integer {
    diesel::table! { event (id) { id -> Integer, ms -> Integer } }
}
mod as_small {
    diesel::table! { event (id) { id -> BigInt, ms -> SmallInt } }
}
mod as_big {
    diesel::table! { event (id) { id -> BigInt, ms -> BigInt } }
}

fn main() {
    let db = &mut SqliteConnection::establish("app.db").unwrap();
    let cut: Vec<(i32, i32)> = as_integer::event::table.order(as_integer::event::id).load(db).unwrap();
    let small: Vec<i16> = as_small::event::table.select(as_small::event::ms).load(db).unwrap();
    let big: Vec<(i64, i64)> = as_big::event::table.order(as_big::event::id).load(db).unwrap();
    let sum: Option<i64> = as_integer::event::table.select(diesel::dsl::sum(as_integer::event::ms)).first(db).unwrap();
    println!("Diesel: Integer {:?}, SmallInt {:?}, BigInt {:?}, sum {}", cut, small, big, sum.unwrap());
}
END
cat >pom.xml <<'END'
<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion><groupId>look</groupId><artifactId>look</artifactId><version>1</version>
<dependencies>
<dependency><groupId>org.xerial</groupId><artifactId>sqlite-jdbc</artifactId><version>3.54.1.0</version></dependency>
<dependency><groupId>org.jooq</groupId><artifactId>jooq</artifactId><version>3.19.18</version></dependency>
</dependencies></project>
END
{
	command -v java && mvn -q -B dependency:copy-dependencies -DoutputDirectory="$work/jars" &&
		cargo build --quiet --manifest-path rust/Cargo.toml --target-dir rust/target
} >/dev/null 2>&1 || {
	echo "cannot be had here: java, one of the packages"
	exit 77
}

cat >Look.java <<'END'
import java.sql.*;
import java.util.*;
import org.jooq.SQLDialect;
import org.jooq.impl.DSL;
import org.jooq.impl.SQLDataType;

public class Look {
	public static void main(String[] arguments) throws SQLException {
		try (Connection db = DriverManager.getConnection("jdbc:sqlite:app.db"); Statement statement = db.createStatement()) {
			statement.executeUpdate("CREATE TABLE event(id INTEGER PRIMARY KEY, ms INTEGER NOT NULL)");
			statement.executeUpdate("INSERT INTO event VALUES (1, 1764500000000), (4294967297, 5000000000)");
			List<String> cut = new ArrayList<>(), whole = new ArrayList<>();
			List<Short> small = new ArrayList<>();
			ResultSet row = statement.executeQuery("SELECT id, ms FROM event ORDER BY id");
			while (row.next()) {
				cut.add("(" + row.getInt(1) + ", " + row.getInt(2) + ")");
				small.add(row.getShort(2));
				whole.add("(" + row.getLong(1) + ", " + row.getLong(2) + ")");
			}
			System.out.println("Xerial: getInt " + cut + ", getShort " + small + ", getLong " + whole);
			System.out.println("jOOQ: Integer " + DSL.using(db, SQLDialect.SQLITE)
				.select(DSL.field("ms", SQLDataType.INTEGER)).from("event").orderBy(DSL.field("id")).fetch(0) + ", Long "
				+ DSL.using(db, SQLDialect.SQLITE).select(DSL.field("ms", SQLDataType.BIGINT)).from("event").orderBy(DSL.field("id")).fetch(0));
		}
	}
}
END
{
	java -Djava.io.tmpdir="$work" -Dorg.jooq.no-logo=true -Dorg.jooq.no-tips=true -cp "jars/*" Look.java 2>errors
	rust/target/debug/look
} | tee seen
cat >stated <<'END'
Xerial: getInt [(1, -731558656), (1, 705032704)], getShort [19712, -3584], getLong [(1, 1764500000000), (4294967297, 5000000000)]
jOOQ: Integer [-731558656, 705032704], Long [1764500000000, 5000000000]
Diesel: Integer [(1, -731558656), (1, 705032704)], SmallInt [19712, -3584], BigInt [(1, 1764500000000), (4294967297, 5000000000)], sum 1769500000000
END
cmp -s stated seen || {
	cat errors
	echo "this has changed"
	exit 1
}
