// Hibernate on Xerial's driver. An entity's id is a plain @GeneratedValue: with this dialect it comes from a table, by a second
// connection, while the first has begun.
//
// race and stay as everywhere; ids: COUNT entities are persisted, one in each transaction.
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.util.function.IntFunction;
import org.hibernate.Session;
import org.hibernate.SessionFactory;
import org.hibernate.cfg.Configuration;

class Hibernate extends Transact {
	@Entity
	@Table(name = "counter")
	static class Counter {
		@Id
		int id;
		int n;
	}

	@Entity
	@Table(name = "item")
	static class Item {
		@Id
		@GeneratedValue
		Long id;
		String text;
	}

	private final SessionFactory factory;

	private Hibernate(String database) {
		factory = new Configuration()
			.setProperty("hibernate.connection.url", "jdbc:sqlite:" + database)
			.setProperty("hibernate.dialect", "org.hibernate.community.dialect.SQLiteDialect")
			.setProperty("hibernate.hbm2ddl.auto", "update")
			.addAnnotatedClass(Counter.class).addAnnotatedClass(Item.class).buildSessionFactory();
	}

	// Its first flush loads classes for longer than others wait for a transaction that has only read.
	private void warmUp() {
		try {
			transact(number -> number);
		} catch (RuntimeException error) {
			// another process was faster
		}
	}

	@Override
	void transact(IntFunction<Integer> change) {
		factory.inTransaction(session -> {
			Counter counter = session.find(Counter.class, 1);
			Integer number = change.apply(counter.n);
			if (number != null)
				counter.n = number;
		});
	}

	private void persist(int turn) {
		factory.inTransaction(session -> {
			Item item = new Item();
			item.text = "number " + turn;
			session.persist(item);
		});
	}

	private void ids(int count) {
		int done = 0, failed = 0;
		long longest = 0, start = System.nanoTime();
		for (int turn = 0; turn < count; turn++) {
			long began = System.nanoTime();
			try {
				persist(turn);
				done++;
			} catch (RuntimeException error) {
				if (failed++ == 0)
					System.err.println(error);
			}
			longest = Math.max(longest, System.nanoTime() - began);
		}
		System.out.println("done " + done + " failed " + failed + " took " + (System.nanoTime() - start) / 1000000
			+ " longest " + longest / 1000000);
	}

	public static void main(String[] arguments) throws Exception {
		Hibernate hibernate = new Hibernate(arguments[0]);
		int count = Integer.parseInt(arguments[2]);
		if (arguments[1].equals("ids")) {
			hibernate.ids(count);
		} else {
			hibernate.warmUp();
			hibernate.run(arguments[1], count);
		}
		hibernate.factory.close();
	}
}
