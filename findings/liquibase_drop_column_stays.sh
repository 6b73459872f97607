#!/usr/bin/env bash
# liquibase_drop_column_stays.sh - Liquibase 4.33.0 on Xerial 3.54.1.0: dropColumn reports success; the column stays, its UNIQUE constraints go.
#
# Guessed:  dropColumn drops the column, by ALTER TABLE or by a table that is made anew, and leaves the others as they are, or fails.
# Happens:  it makes the table anew from what JDBC's metadata say of it, with the column in it. UNIQUE and CHECK constraints, COLLATE and indexes of
#           expressions are gone, and a UNIQUE index with a WHERE is one without, which refuses rows that were right. DECIMAL(10,2)
#           becomes DECIMAL(12, 2). The changeset is noted as done. A renameColumn after it does what it says.
# Seen:     2026-11-30: "dropColumn: done, columns: id email age old team", an address twice: before "refused", after "inserted"; a negative age
#           "refused", "inserted"; a second member of team 7, whom the index leaves out: "inserted", "refused".
# Matters:  what was to be deleted, by law perhaps, is still there, while the changelog says that it is not, and duplicates come in from that
#           deployment on. Write ALTER TABLE ... DROP COLUMN in a <sql> change (SQLite 3.35 and later).
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat >pom.xml <<'END'
<project xmlns="http://maven.apache.org/POM/4.0.0">
	<modelVersion>4.0.0</modelVersion>
	<groupId>look</groupId>
	<artifactId>look</artifactId>
	<version>1</version>
	<dependencies>
		<dependency>
			<groupId>org.liquibase</groupId>
			<artifactId>liquibase-core</artifactId>
			<version>4.33.0</version>
		</dependency>
		<dependency>
			<groupId>org.xerial</groupId>
			<artifactId>sqlite-jdbc</artifactId>
			<version>3.54.1.0</version>
		</dependency>
	</dependencies>
</project>
END
{ command -v java && mvn -q -B dependency:copy-dependencies -DoutputDirectory="$work/jars"; } >/dev/null 2>&1 || {
	echo "cannot be had here: java, Liquibase 4.33.0, Xerial 3.54.1.0"
	exit 77
}

cat >changelog.xml <<'END'
<databaseChangeLog xmlns="http://www.liquibase.org/xml/ns/dbchangelog" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
	xsi:schemaLocation="http://www.liquibase.org/xml/ns/dbchangelog http://www.liquibase.org/xml/ns/dbchangelog/dbchangelog-latest.xsd">
	<changeSet id="1" author="look">
		<sql>CREATE TABLE account(id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, age INTEGER CHECK (age >= 0), old TEXT, team INTEGER)</sql>
		<sql>CREATE UNIQUE INDEX one_leader ON account(team) WHERE age IS NULL</sql>
		<sql>INSERT INTO account(email, age, old, team) VALUES ('ann@example.org', 40, 'x', 7)</sql>
	</changeSet>
	<changeSet id="2" author="look">
		<dropColumn tableName="account" columnName="old"/>
	</changeSet>
</databaseChangeLog>
END
cat >Look.java <<'END'
import java.nio.file.Path;
import java.sql.*;
import liquibase.Liquibase;
import liquibase.database.*;
import liquibase.database.jvm.JdbcConnection;
import liquibase.resource.DirectoryResourceAccessor;

public class Look {
	static final String URL = "jdbc:sqlite:app.db";

	static String run(String sql) throws SQLException {
		try (Connection db = DriverManager.getConnection(URL); Statement statement = db.createStatement()) {
			db.setAutoCommit(false);
			statement.executeUpdate(sql);
			db.rollback();
			return "inserted";
		} catch (SQLException error) {
			return "refused";
		}
	}

	static void look() throws SQLException {
		try (Connection db = DriverManager.getConnection(URL); Statement statement = db.createStatement()) {
			ResultSet row = statement.executeQuery("SELECT group_concat(name, ' ') FROM pragma_table_info('account')");
			System.out.println("  columns: " + row.getString(1));
		}
		System.out.println("  the same address: " + run("INSERT INTO account(email, age) VALUES ('ann@example.org', 1)"));
		System.out.println("  a negative age: " + run("INSERT INTO account(email, age) VALUES ('bob@example.org', -1)"));
		System.out.println("  another member: " + run("INSERT INTO account(email, age, team) VALUES ('cy@example.org', 1, 7)"));
	}

	public static void main(String[] arguments) throws Exception {
		Database database = DatabaseFactory.getInstance().findCorrectDatabaseImplementation(
			new JdbcConnection(DriverManager.getConnection(URL)));
		Liquibase liquibase = new Liquibase("changelog.xml", new DirectoryResourceAccessor(Path.of(".")), database);
		for (String what : new String[] {"as it was made", "dropColumn: done"}) {
			liquibase.update(1, "");
			System.out.println(what);
			look();
		}
	}
}
END
java -Djava.io.tmpdir="$work" -cp "jars/*" Look.java >all 2>errors || cat errors
grep -E '^(as it was made|dropColumn|  (columns|the same|a negative|another))' all | tee seen
cat >stated <<'END'
as it was made
  columns: id email age old team
  the same address: refused
  a negative age: refused
  another member: inserted
dropColumn: done
  columns: id email age old team
  the same address: inserted
  a negative age: inserted
  another member: refused
END
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
