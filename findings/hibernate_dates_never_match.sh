#!/usr/bin/env bash
# hibernate_dates_never_match.sh - Hibernate 7.4.15 with its community dialect for SQLite, on Xerial 3.54.1.0: HQL's functions of date and time
# do not fit what Hibernate itself has stored.
#
# Guessed:  HQL is the same on each database: year(created), created < current_timestamp, day = current_date and instant - 1 day work on the
#           dialect's own columns.
# Happens:  Instant and LocalDate are stored by Xerial as milliseconds, an integer; the dialect writes strftime() and datetime('now') around
#           them, which take texts. year() is null, every time is before current_timestamp, those to come as well, and no day is
#           today. "- 1 day" becomes datetime(..., '+-1 days'), which SQLite answers with NULL: that comparison holds for no row.
#           date_class=TEXT in the URL mends year() and current_timestamp, and neither the day of today nor "- 1 day".
# Seen:     2026-11-30: rows of a year ago and of in a year: "before now: 2 of 2, since a day: 0, year: null, today: 0 of 2"; with TEXT "1 of
#           2, 0, right, 0 of 2".
# Matters:  "delete from Session where expires < current_timestamp" logs everybody out, "created > instant - 7 day" finds nothing ever, and
#           neither is an error. Bind times that Java has computed: "1 of 2, since a day: 1, today: 2 of 2" with both URLs.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat >pom.xml <<'END'
<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion><groupId>look</groupId><artifactId>look</artifactId><version>1</version>
<dependencies>
<dependency><groupId>org.xerial</groupId><artifactId>sqlite-jdbc</artifactId><version>3.54.1.0</version></dependency>
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
import java.time.*;
import org.hibernate.*;
import org.hibernate.cfg.Configuration;

public class Look {
	@Entity(name = "Login")
	public static class Login {
		@Id public long id;
		public Instant created;
		public LocalDate day;
	}

	static Object one(Session session, String hql, Object time) {
		var query = session.createQuery("select " + hql, Object.class);
		return (time == null ? query : query.setParameter("time", time)).getSingleResult();
	}

	public static void main(String[] arguments) {
		Configuration settings = new Configuration().addAnnotatedClass(Login.class)
			.setProperty("hibernate.connection.url", "jdbc:sqlite:" + arguments[0])
			.setProperty("hibernate.dialect", "org.hibernate.community.dialect.SQLiteDialect")
			.setProperty("hibernate.hbm2ddl.auto", "create");
		ZonedDateTime now = ZonedDateTime.now(ZoneOffset.UTC);
		try (SessionFactory factory = settings.buildSessionFactory()) {
			factory.inTransaction(session -> {
				for (int years : new int[] {-1, 1}) {
					Login login = new Login();
					login.id = years + 2;
					login.created = now.plusYears(years).toInstant();
					login.day = LocalDate.now(ZoneOffset.UTC);
					session.persist(login);
				}
			});
			factory.inTransaction(session -> {
				Object year = one(session, "year(created) from Login where id = 1", null);
				System.out.printf("before now: %s of 2, since a day: %s, year: %s, today: %s of 2%n",
					one(session, "count(*) from Login where created < current_timestamp", null),
					one(session, "count(*) from Login where created > instant - 1 day", null),
					year == null ? "null" : year.equals(now.getYear() - 1) ? "right" : year,
					one(session, "count(*) from Login where day = current_date", null));
				System.out.printf("bound: before now: %s of 2, since a day: %s, today: %s of 2%n",
					one(session, "count(*) from Login where created < :time", now.toInstant()),
					one(session, "count(*) from Login where created > :time", now.minusDays(1).toInstant()),
					one(session, "count(*) from Login where day = :time", LocalDate.now(ZoneOffset.UTC)));
			});
		}
	}
}
END
mkdir classes
javac -cp "jars/*" -d classes Look.java
for url in "app.db" "text.db?date_class=TEXT&date_string_format=yyyy-MM-dd HH:mm:ss"; do
	echo "${url%%&*}"
	TZ=UTC java -Djava.io.tmpdir="$work" -cp "classes:jars/*" Look "$url" 2>errors
done | tee seen
cat >stated <<'END'
app.db
before now: 2 of 2, since a day: 0, year: null, today: 0 of 2
bound: before now: 1 of 2, since a day: 1, today: 2 of 2
text.db?date_class=TEXT
before now: 1 of 2, since a day: 0, year: right, today: 0 of 2
bound: before now: 1 of 2, since a day: 1, today: 2 of 2
END
cmp -s stated seen || {
	cat errors
	echo "this has changed"
	exit 1
}
