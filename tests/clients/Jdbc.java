// JDBC: setAutoCommit(false); the driver sends its "begin;" there, and at once again after each commit.
import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

class Jdbc {
	private static final String[] SETTINGS = {"journal_mode", "synchronous", "busy_timeout", "foreign_keys",
		"temp_store", "mmap_size", "journal_size_limit", "cache_size"};

	private static String ask(Connection connection, String sql) throws SQLException {
		try (Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery(sql)) {
			return rows.next() ? rows.getString(1) : "";
		}
	}

	public static void main(String[] arguments) throws SQLException, IOException {
		try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + arguments[0])) {
			try (Statement statement = connection.createStatement()) {
				statement.executeUpdate("CREATE TABLE IF NOT EXISTS t(a)");
			}
			connection.setAutoCommit(false);
			ask(connection, "SELECT count(*) FROM t");
			System.out.println("ready");
			System.in.read();
			for (String name : SETTINGS)
				System.out.println(name + "=" + ask(connection, "PRAGMA " + name));
			System.out.println("sqlite=" + ask(connection, "SELECT sqlite_version()"));
			System.out.println("version=" + connection.getMetaData().getDriverVersion());
			connection.commit();
		}
	}
}
