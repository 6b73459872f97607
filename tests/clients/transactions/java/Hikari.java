// HikariCP with autocommit off and a pool of 4, on Xerial's driver, which begins at once, and again after each COMMIT: each idle
// connection of the pool is in a transaction.
//
// race and stay as everywhere; pool: one worker makes COUNT transactions on whichever connection it gets, and "done" is followed by how
// long they took, and the longest, in milliseconds.
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

class Hikari extends Transact {
	private static final int SIZE = 4;
	private final HikariDataSource pool;

	private Hikari(String database) {
		HikariConfig config = new HikariConfig();
		config.setJdbcUrl("jdbc:sqlite:" + database);
		config.setAutoCommit(false);
		config.setMaximumPoolSize(SIZE);
		config.setConnectionTimeout(60000);
		pool = new HikariDataSource(config);
	}

	@Override
	void transact(IntFunction<Integer> change) throws SQLException {
		try (Connection connection = pool.getConnection(); Statement statement = connection.createStatement()) {
			try {
				int read;
				try (ResultSet rows = statement.executeQuery("SELECT n FROM counter WHERE id = 1")) {
					rows.next();
					read = rows.getInt(1);
				}
				Integer number = change.apply(read);
				if (number != null)
					statement.executeUpdate("UPDATE counter SET n = " + number + " WHERE id = 1");
				connection.commit();
			} catch (SQLException error) {
				connection.rollback();
				throw error;
			}
		}
	}

	// Takes all out of the pool once, as a moment with many requests does, so that afterwards four are idle.
	private void fill() throws SQLException {
		List<Connection> all = new ArrayList<>();
		for (int at = 0; at < SIZE; at++)
			all.add(pool.getConnection());
		for (Connection connection : all)
			connection.close();
	}

	private void pool(int count) throws Exception {
		int done = 0, failed = 0;
		long start = System.nanoTime(), longest = 0;
		fill();
		for (int turn = 0; turn < count; turn++) {
			long began = System.nanoTime();
			try {
				transact(number -> number + 1);
				done++;
			} catch (SQLException error) {
				failed++;
			}
			longest = Math.max(longest, System.nanoTime() - began);
		}
		System.out.println("done " + done + " failed " + failed + " took " + (System.nanoTime() - start) / 1000000
			+ " longest " + longest / 1000000);
	}

	public static void main(String[] arguments) throws Exception {
		Hikari hikari = new Hikari(arguments[0]);
		int count = Integer.parseInt(arguments[2]);
		if (arguments[1].equals("pool"))
			hikari.pool(count);
		else
			hikari.run(arguments[1], count);
		hikari.pool.close();
	}
}
