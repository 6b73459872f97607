#!/usr/bin/env bash
# jdbc_query_timeout_resets_busy_timeout.sh - Xerial SQLite JDBC 3.54.1.0: setQueryTimeout() limits no query, and undoes
# PRAGMA busy_timeout.
#
# Guessed:  Statement.setQueryTimeout(1) interrupts a query after a second and has nothing to do with locks.
# Happens:  it sets the connection's busy timeout while the statement runs, and afterwards puts back the one from the URL
#           or the default, 3000 ms, not the one that was in force: a PRAGMA busy_timeout=20000 is gone for good. The
#           query itself runs as long as it likes.
# Seen:     2026-11-28: "PRAGMA: 20000", "after a statement with a query timeout: 3000",
#           "a query longer than its timeout: finished".
# Matters:  one @Transactional(timeout=...) or jakarta.persistence.query.timeout brings back "database is locked" on that
#           connection of the pool, and the runaway report that it was meant for still runs. Set busy_timeout in the URL.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
jar=org.xerial:sqlite-jdbc:3.54.1.0
if ! command -v java >/dev/null ||
	! mvn -q -B dependency:copy -Dartifact="$jar" -DoutputDirectory="$work/jars" >/dev/null 2>&1; then
	echo "cannot be had here: Java, Maven and $jar"
	exit 77
fi

cat >Look.java <<'END'
import java.sql.*;

public class Look {
	static String busyTimeout(Connection db) throws SQLException {
		try (Statement statement = db.createStatement(); ResultSet row = statement.executeQuery("PRAGMA busy_timeout")) {
			return row.getString(1);
		}
	}

	public static void main(String[] arguments) throws SQLException {
		try (Connection db = DriverManager.getConnection("jdbc:sqlite:app.db")) {
			System.out.println("default: " + busyTimeout(db));
			try (Statement statement = db.createStatement()) {
				statement.execute("PRAGMA busy_timeout=20000");
			}
			System.out.println("PRAGMA: " + busyTimeout(db));
			long start = System.nanoTime(), rows = 100000;
			while (true) {
				start = System.nanoTime();
				try (Statement statement = db.createStatement()) {
					statement.setQueryTimeout(1);
					statement.executeQuery("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "
						+ rows + ") SELECT max(i) FROM n").close();
				}
				if (System.nanoTime() - start > 2000000000L)
					break;
				rows *= 2;
			}
			System.out.println("a query longer than its timeout: finished");
			System.out.println("after a statement with a query timeout: " + busyTimeout(db));
		}
	}
}
END
cat >stated <<'END'
default: 3000
PRAGMA: 20000
a query longer than its timeout: finished
after a statement with a query timeout: 3000
END
{ java -Djava.io.tmpdir="$work" -cp "jars/*" Look.java 2>/dev/null || true; } | tee seen
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
