/* early.c - a library that uses a database before the constructor of libsqlprod.so has run, and after its destructor. */
#include <sqlite3.h>
#include <stdio.h>

static sqlite3 *early;

static int print_value(void *unused, int count, char **values, char **columns)
{
	(void)unused;
	(void)count;
	printf("%s %s\n", columns[0], values[0]);
	return 0;
}

static sqlite3 *use(const char *name)
{
	sqlite3 *db = NULL;

	printf("%s %d\n", name, sqlite3_open(name, &db));
	sqlite3_exec(db, "CREATE TABLE IF NOT EXISTS t(x); INSERT INTO t VALUES(1)", NULL, NULL, NULL);
	sqlite3_exec(db, "PRAGMA journal_mode", print_value, NULL, NULL);
	return db;
}

static __attribute__((constructor)) void begin(void)
{
	early = use("early.db");
}

static __attribute__((destructor)) void end(void)
{
	printf("close %d\n", sqlite3_close(early));
	sqlite3_close(use("late.db"));
	fflush(stdout);
}
