#!/usr/bin/env bash
# hikari_runs_first_statement.sh - HikariCP 7.1.0 with Xerial SQLite JDBC 3.54.1.0: connectionInitSql runs up to the first
# semicolon.
#
# Guessed:  a script of three PRAGMAs in connectionInitSql runs, or fails, as a whole.
# Happens:  JDBC's execute(), which the pool uses, compiles the first statement and drops the rest without an error.
#           executeUpdate() of the same driver runs all of them.
# Seen:     2026-11-28: foreign_keys=on; busy_timeout=20000; synchronous=normal gives "foreign_keys 1, busy_timeout 3000,
#           synchronous 2"; "tables made by execute: a", "by executeUpdate: c,d".
# Matters:  the settings that end "database is locked" look set in the configuration and are not; the first one works, so
#           a check of that one passes. Put PRAGMAs into the URL (?busy_timeout=20000&foreign_keys=on).
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
have() {
	mvn -q -B dependency:copy -Dartifact="$1" -DoutputDirectory="$work/jars" >/dev/null 2>&1
}
if ! command -v java >/dev/null || ! have org.xerial:sqlite-jdbc:3.54.1.0 || ! have com.zaxxer:HikariCP:7.1.0 ||
	! have org.slf4j:slf4j-api:2.0.17 || ! have org.slf4j:slf4j-nop:2.0.17; then
	echo "cannot be had here: Java, Maven and the packages"
	exit 77
fi

cat >Look.java <<'END'
import com.zaxxer.hikari.*;
import java.sql.*;

public class Look {
	static String ask(Connection db, String sql) throws SQLException {
		try (Statement statement = db.createStatement(); ResultSet row = statement.executeQuery(sql)) {
			return row.getString(1);
		}
	}

	public static void main(String[] arguments) throws SQLException {
		HikariConfig config = new HikariConfig();
		config.setJdbcUrl("jdbc:sqlite:app.db");
		config.setMaximumPoolSize(1);
		config.setConnectionInitSql("PRAGMA foreign_keys=on; PRAGMA busy_timeout=20000; PRAGMA synchronous=normal");
		try (HikariDataSource pool = new HikariDataSource(config); Connection db = pool.getConnection()) {
			for (String setting : new String[] {"foreign_keys", "busy_timeout", "synchronous"})
				System.out.println(setting + " " + ask(db, "PRAGMA " + setting));
			try (Statement statement = db.createStatement()) {
				statement.execute("CREATE TABLE a(x); CREATE TABLE b(x)");
				System.out.println("tables made by execute: " + ask(db, "SELECT group_concat(name) FROM sqlite_master"));
				statement.executeUpdate("DROP TABLE a; CREATE TABLE c(x); CREATE TABLE d(x)");
				System.out.println("by executeUpdate: " + ask(db, "SELECT group_concat(name) FROM sqlite_master"));
			}
		}
	}
}
END
cat >stated <<'END'
foreign_keys 1
busy_timeout 3000
synchronous 2
tables made by execute: a
by executeUpdate: c,d
END
{ java -Djava.io.tmpdir="$work" -cp "jars/*" Look.java 2>/dev/null || true; } | tee seen
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
