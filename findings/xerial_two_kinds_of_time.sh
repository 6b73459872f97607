#!/usr/bin/env bash
# xerial_two_kinds_of_time.sh - Xerial SQLite JDBC 3.54.1.0: a Timestamp that is bound is a number, CURRENT_TIMESTAMP is a text, and numbers come
# first.
#
# Guessed:  setTimestamp() writes what SQLite's date functions and DEFAULT CURRENT_TIMESTAMP write, or comparisons see to the difference.
# Happens:  it writes milliseconds since 1970 as an integer (date_class's default), in queries too. SQLite sorts every integer before every
#           text: "created < datetime('now', '-30 days')" holds for a row that was bound a second ago, and "created < ?" never for a
#           row that has its time by default, however old. getTimestamp() reads both kinds as the same time, so that nothing shows. What
#           setObject() writes for an Instant is a third kind, a text that getTimestamp() cannot read.
# Seen:     2026-11-30: kinds "default: text, setTimestamp: integer, setObject: text"; read back "today today SQLException"; older than
#           30 days, in SQL: setTimestamp, which is of today; older than tomorrow, as a parameter: setTimestamp alone.
# Matters:  a nightly DELETE in SQL removes the sessions of this minute, the same DELETE with a parameter none that SQL has made, and ORDER BY
#           created sorts by who wrote the row. date_class=TEXT and date_string_format=yyyy-MM-dd HH:mm:ss in the URL end the first two
#           kinds, before the first row is written.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
{ command -v java && mvn -q -B dependency:copy -Dartifact=org.xerial:sqlite-jdbc:3.54.1.0 -DoutputDirectory="$work/jars"; } \
	>/dev/null 2>&1 || {
	echo "cannot be had here: java, Xerial 3.54.1.0"
	exit 77
}

cat >Look.java <<'END'
import java.sql.*;
import java.time.*;

public class Look {
	static Connection db;

	static void add(String who, Object time) throws SQLException {
		try (PreparedStatement insert = db.prepareStatement("INSERT INTO session(who, created) VALUES (?, ?)")) {
			insert.setString(1, who);
			if (time instanceof Timestamp stamp) {
				insert.setTimestamp(2, stamp);
			} else {
				insert.setObject(2, time);
			}
			insert.executeUpdate();
		}
	}

	static void older(String what, String than, Timestamp parameter) throws SQLException {
		try (PreparedStatement query = db.prepareStatement("SELECT who FROM session WHERE created < " + than + " ORDER BY id")) {
			if (parameter != null) {
				query.setTimestamp(1, parameter);
			}
			ResultSet row = query.executeQuery();
			System.out.print("  " + what + ":");
			while (row.next()) {
				System.out.print(" " + row.getString(1));
			}
			System.out.println();
		}
	}

	public static void main(String[] arguments) throws SQLException {
		db = DriverManager.getConnection("jdbc:sqlite::memory:" + arguments[0]);
		Statement statement = db.createStatement();
		statement.executeUpdate("CREATE TABLE session(id INTEGER PRIMARY KEY, who, created TIMESTAMP DEFAULT CURRENT_TIMESTAMP)");
		statement.executeUpdate("INSERT INTO session(who) VALUES ('default')");
		add("setTimestamp", new Timestamp(System.currentTimeMillis()));
		add("setObject", Instant.now());
		ResultSet row = statement.executeQuery("SELECT who, typeof(created), created FROM session ORDER BY id");
		System.out.println(arguments[0].isEmpty() ? "as it comes" : arguments[0]);
		while (row.next()) {
			String read;
			try {
				boolean near = Math.abs(row.getTimestamp(3).getTime() - System.currentTimeMillis()) < 86400000;
				read = near ? "today" : "another day";
			} catch (SQLException error) {
				read = "SQLException";
			}
			System.out.println("  " + row.getString(1) + ": " + row.getString(2) + ", " + read);
		}
		older("older than 30 days, in SQL", "datetime('now', '-30 days')", null);
		older("older than tomorrow, as a parameter", "?", new Timestamp(System.currentTimeMillis() + 86400000));
	}
}
END
for url in "" "?date_class=TEXT&date_string_format=yyyy-MM-dd HH:mm:ss"; do
	java -Duser.timezone=UTC -Djava.io.tmpdir="$work" -cp "jars/*" Look.java "$url"
done 2>/dev/null | tee seen
cat >stated <<'END'
as it comes
  default: text, today
  setTimestamp: integer, today
  setObject: text, SQLException
  older than 30 days, in SQL: setTimestamp
  older than tomorrow, as a parameter: setTimestamp
?date_class=TEXT&date_string_format=yyyy-MM-dd HH:mm:ss
  default: text, today
  setTimestamp: text, today
  setObject: text, SQLException
  older than 30 days, in SQL:
  older than tomorrow, as a parameter: default setTimestamp setObject
END
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
