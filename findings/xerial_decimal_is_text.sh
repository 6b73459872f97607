#!/usr/bin/env bash
# xerial_decimal_is_text.sh - Xerial SQLite JDBC 3.54.1.0, and Hibernate 7.4.15 on it: a BigDecimal is bound as text, and sums are less than
# every text.
#
# Guessed:  setBigDecimal() binds a number, so that HAVING sum(price) > ? compares numbers.
# Happens:  it binds the text of it. A column of type DECIMAL or NUMERIC turns that back into a number, so that WHERE price > ? is right; an
#           expression has no such type, and to SQLite every number is less than every text: sum(price) > ? and price * qty > ? hold
#           for no row, < for all, = never, coalesce(price, 0) and round(price, 2) likewise. Hibernate sends HQL's parameters so.
#           jOOQ 3.19.18 writes cast(? as ...) around them and is right; setDouble() is.
# Seen:     2026-11-30: customers with a sum over 12.50, which are 2: Xerial 0, Hibernate 0, jOOQ 2, setDouble 2; rows whose price * qty is
#           less than 12.50, which is 1: Xerial 3, Hibernate 3, jOOQ 1, setDouble 1; rows with a price over 12.50: 1 in all.
# Matters:  a report of large orders is empty, a clean-up "total < ?" takes all rows, without an error; and the plain comparison beside it,
#           which a test tries, is right. CAST(? AS NUMERIC) in SQL, cast(:limit as Double) in HQL.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat >pom.xml <<'END'
<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion><groupId>look</groupId><artifactId>look</artifactId><version>1</version>
<dependencies>
<dependency><groupId>org.xerial</groupId><artifactId>sqlite-jdbc</artifactId><version>3.54.1.0</version></dependency>
<dependency><groupId>org.jooq</groupId><artifactId>jooq</artifactId><version>3.19.18</version></dependency>
<dependency><groupId>org.hibernate.orm</groupId><artifactId>hibernate-core</artifactId><version>7.4.15.Final</version></dependency>
<dependency><groupId>org.hibernate.orm</groupId><artifactId>hibernate-community-dialects</artifactId><version>7.4.15.Final</version></dependency>
</dependencies></project>
END
{ command -v javac && mvn -q -B dependency:copy-dependencies -DoutputDirectory="$work/jars"; } >/dev/null 2>&1 || {
	echo "cannot be had here: javac, one of the packages"
	exit 77
}

cat >Look.java <<'END'
import jakarta.persistence.*;
import java.math.BigDecimal;
import java.sql.*;
import org.hibernate.SessionFactory;
import org.hibernate.cfg.Configuration;
import org.jooq.*;
import org.jooq.impl.DSL;
import org.jooq.impl.SQLDataType;
import static org.jooq.impl.DSL.*;

public class Look {
	@Entity(name = "Item")
	@jakarta.persistence.Table(name = "item")
	public static class Item {
		@Id public Long id;
		public String customer;
		@Column(precision = 10, scale = 2) public BigDecimal price;
		public int qty;
	}

	static final BigDecimal LIMIT = new BigDecimal("12.50");
	static final String[] ASKED = {
		"SELECT count(*) FROM (SELECT customer FROM item GROUP BY customer HAVING sum(price) > ?)",
		"SELECT count(*) FROM item WHERE price * qty < ?",
		"SELECT count(*) FROM item WHERE price > ?"};

	static void show(String who, int sums, int products, int prices) {
		System.out.printf("%s: sum(price) > ? %d, price * qty < ? %d, price > ? %d%n", who, sums, products, prices);
	}

	static int jdbc(Connection db, int which, boolean asDouble) throws SQLException {
		try (PreparedStatement query = db.prepareStatement(ASKED[which])) {
			if (asDouble) {
				query.setDouble(1, LIMIT.doubleValue());
			} else {
				query.setBigDecimal(1, LIMIT);
			}
			return query.executeQuery().getInt(1);
		}
	}

	public static void main(String[] arguments) throws SQLException {
		try (Connection db = DriverManager.getConnection("jdbc:sqlite:app.db"); java.sql.Statement make = db.createStatement()) {
			make.executeUpdate("CREATE TABLE item(id INTEGER PRIMARY KEY, customer TEXT, price DECIMAL(10, 2), qty INTEGER)");
			make.executeUpdate("INSERT INTO item VALUES (1, 'a', 12.5, 10), (2, 'a', 1.5, 1), (3, 'b', 900, 1)");
			show("Xerial, setBigDecimal", jdbc(db, 0, false), jdbc(db, 1, false), jdbc(db, 2, false));
			show("Xerial, setDouble", jdbc(db, 0, true), jdbc(db, 1, true), jdbc(db, 2, true));
			DSLContext jooq = DSL.using(db, SQLDialect.SQLITE);
			Field<BigDecimal> price = field(name("price"), SQLDataType.DECIMAL(10, 2));
			Field<Integer> qty = field(name("qty"), SQLDataType.INTEGER);
			show("jOOQ",
				jooq.fetchCount(jooq.select(field("customer")).from("item").groupBy(field("customer")).having(sum(price).gt(LIMIT))),
				jooq.fetchCount(jooq.select(qty).from("item").where(price.mul(qty).lt(LIMIT))),
				jooq.fetchCount(jooq.select(qty).from("item").where(price.gt(LIMIT))));
		}
		Configuration settings = new Configuration().addAnnotatedClass(Item.class)
			.setProperty("hibernate.connection.url", "jdbc:sqlite:app.db")
			.setProperty("hibernate.dialect", "org.hibernate.community.dialect.SQLiteDialect");
		try (SessionFactory factory = settings.buildSessionFactory()) {
			String[] asked = {"select customer from Item group by customer having sum(price) > LIMIT",
				"select customer from Item where price * qty < LIMIT", "select customer from Item where price > LIMIT"};
			for (String limit : new String[] {":limit", "cast(:limit as Double)"}) {
				int[] found = new int[3];
				factory.inTransaction(session -> {
					for (int which = 0; which < 3; which++) {
						found[which] = session.createQuery(asked[which].replace("LIMIT", limit), String.class)
							.setParameter("limit", LIMIT).getResultList().size();
					}
				});
				show("Hibernate, " + limit, found[0], found[1], found[2]);
			}
		}
	}
}
END
mkdir classes
javac -cp "jars/*" -d classes Look.java
java -Djava.io.tmpdir="$work" -Dorg.jooq.no-logo=true -Dorg.jooq.no-tips=true -cp "classes:jars/*" Look 2>errors | tee seen
cat >stated <<'END'
Xerial, setBigDecimal: sum(price) > ? 0, price * qty < ? 3, price > ? 1
Xerial, setDouble: sum(price) > ? 2, price * qty < ? 1, price > ? 1
jOOQ: sum(price) > ? 2, price * qty < ? 1, price > ? 1
Hibernate, :limit: sum(price) > ? 0, price * qty < ? 3, price > ? 1
Hibernate, cast(:limit as Double): sum(price) > ? 2, price * qty < ? 1, price > ? 1
END
cmp -s stated seen || {
	cat errors
	echo "this has changed"
	exit 1
}
