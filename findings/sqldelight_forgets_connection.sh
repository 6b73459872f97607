#!/usr/bin/env bash
# sqldelight_forgets_connection.sh - SQLDelight 2.3.2's JdbcSqliteDriver (JVM): on a file each statement has a connection of its own.
#
# Guessed:  a driver object is a connection, or a pool of some: PRAGMA foreign_keys=ON that was executed on it is in force, BEGIN
#           IMMEDIATE begins, and last_insert_rowid() is the id of the INSERT before it, as with `jdbc:sqlite:` in memory.
# Happens:  outside of transaction { } the driver opens a connection for each statement and closes it after that. PRAGMAs are gone with
#           it, BEGIN IMMEDIATE is rolled back by the close before the INSERT comes, which then commits by itself, and
#           last_insert_rowid() and changes() are always 0. None of it is an error but the ROLLBACK. In memory, where tests run,
#           all is as guessed.
# Seen:     2026-11-30: on a file "foreign_keys 0, synchronous 2", "last_insert_rowid 0", "ROLLBACK: no transaction is active", 2 rows
#           of 1; in memory 1, 1, 1 and 1 row.
# Matters:  settings by hand are not in force, a lock by hand protects nothing, and orders get the id 0, in production only. Settings
#           go into the Properties of the driver. Each statement also opens the file and reads the schema: the last one to close
#           it checkpoints and removes the -wal, so that WAL by itself brings little.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat >pom.xml <<'END'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>look</groupId><artifactId>look</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>app.cash.sqldelight</groupId><artifactId>sqlite-driver</artifactId><version>2.3.2</version></dependency>
    <dependency><groupId>org.xerial</groupId><artifactId>sqlite-jdbc</artifactId><version>3.54.1.0</version></dependency>
  </dependencies>
</project>
END
{ command -v java && mvn -q -B dependency:copy-dependencies -DoutputDirectory="$work/jars"; } >/dev/null 2>&1 || {
	echo "cannot be had here: SQLDelight 2.3.2, and java"
	exit 77
}

cat >Look.java <<'END'
import app.cash.sqldelight.db.QueryResult;
import app.cash.sqldelight.driver.jdbc.sqlite.JdbcSqliteDriver;
import java.util.Properties;

public class Look {
	// A value class of Kotlin, which Java can make only so.
	static QueryResult<?> result(String value) {
		try {
			return (QueryResult<?>) QueryResult.Value.class.getMethod("box-impl", Object.class).invoke(null, value);
		} catch (ReflectiveOperationException error) {
			throw new IllegalStateException(error);
		}
	}

	static Object ask(JdbcSqliteDriver driver, String sql) {
		return driver.executeQuery(null, sql, row -> {
			row.next();
			return result(row.getString(0));
		}, 0, null).getValue();
	}

	static void run(JdbcSqliteDriver driver, String sql) {
		driver.execute(null, sql, 0, null);
	}

	public static void main(String[] arguments) {
		JdbcSqliteDriver driver = new JdbcSqliteDriver(arguments[0], new Properties());
		run(driver, "CREATE TABLE t(x)");
		run(driver, "PRAGMA foreign_keys=ON");
		run(driver, "PRAGMA synchronous=NORMAL");
		System.out.print("foreign_keys " + ask(driver, "PRAGMA foreign_keys") + ", synchronous " + ask(driver, "PRAGMA synchronous"));
		run(driver, "INSERT INTO t VALUES (1)");
		System.out.println(", last_insert_rowid " + ask(driver, "SELECT last_insert_rowid()"));
		run(driver, "BEGIN IMMEDIATE");
		run(driver, "INSERT INTO t VALUES (2)");
		try {
			run(driver, "ROLLBACK");
			System.out.print("ROLLBACK: ok");
		} catch (RuntimeException | Error error) {
			System.out.print("ROLLBACK: " + error.getMessage());
		} catch (Throwable error) {
			System.out.print("ROLLBACK: " + error.getMessage().replaceAll(".*no transaction", "no transaction").replace(")", ""));
		}
		System.out.println(", rows " + ask(driver, "SELECT count(*) FROM t"));
		driver.close();
	}
}
END
for url in jdbc:sqlite:app.db jdbc:sqlite:; do
	echo "$url"
	java -Djava.io.tmpdir="$work" -cp "jars/*" Look.java "$url"
done | tee seen
cat >stated <<'END'
jdbc:sqlite:app.db
foreign_keys 0, synchronous 2, last_insert_rowid 0
ROLLBACK: no transaction is active, rows 2
jdbc:sqlite:
foreign_keys 1, synchronous 1, last_insert_rowid 1
ROLLBACK: ok, rows 1
END
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
