/* heap_limit.c - a program that limits SQLite's heap once it has used a database.
 *
 *   heap_limit FILE OTHER function|pragma
 *
 * By sqlite3_hard_heap_limit64(), or by PRAGMA hard_heap_limit on a connection to another file. Prints how many statements failed
 * on the first one, and what SQLite says, after that, of one that failed before. */
#include <dlfcn.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#define ROOM 3000000

static unsigned failed;

static void run(sqlite3 *db, const char *sql)
{
	failed += sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK;
}

static int limit(sqlite3 *other, const char *way)
{
	sqlite3_int64 (*function)(sqlite3_int64), bytes = sqlite3_memory_used() + ROOM;
	void *found = dlsym(RTLD_DEFAULT, "sqlite3_hard_heap_limit64");
	char sql[64];

	if (!found)
		return 0;
	memcpy(&function, &found, sizeof(function));
	snprintf(sql, sizeof(sql), "PRAGMA hard_heap_limit=%lld", (long long)bytes);
	if (strcmp(way, "function") == 0)
		function(bytes);
	else
		sqlite3_exec(other, sql, NULL, NULL, NULL);
	return 1;
}

int main(int argc, char **argv)
{
	sqlite3 *db = NULL, *other = NULL;
	char sql[128], said[128];

	if (argc != 4 || sqlite3_open(argv[1], &db) || sqlite3_open(argv[2], &other))
		return 2;
	run(db, "CREATE TABLE t(x, y); CREATE INDEX i ON t(x)");
	run(other, "CREATE TABLE t(x)");
	sqlite3_exec(db, "SELECT none", NULL, NULL, NULL);
	if (!limit(other, argv[3])) {
		puts("no limit");
		return 0;
	}
	snprintf(said, sizeof(said), "%s", sqlite3_errmsg(db));
	for (int i = 0; i < 2000; i++) {
		snprintf(sql, sizeof(sql), "INSERT INTO t VALUES(%d, zeroblob(3000))", i * 7919 % 100003);
		run(db, sql);
		if (i % 100 == 0)
			run(db, "SELECT count(*), sum(length(y)) FROM t");
	}
	printf("failed %u, %s\n", failed, said);
	return 0;
}
