/* connections.c - what one more connection costs a process that has many.
 *
 * connections FILE COUNT
 *
 * Opens COUNT connections to FILE, which stay, and has them read it, as far as the limit of open files allows; then, ROUNDS times,
 * one more: opens it, prepares a statement that reads, steps it, prepares another, writes in a transaction twice, closes all.
 * Prints one line: the median CPU microseconds of open, of the first statement, of the second one, of the second transaction, of
 * close. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#define ROUNDS 301
#define SPARE 50 /* files */
#define QUERY "SELECT count(*) FROM t"

enum part { OPEN, FIRST, SECOND, FIRST_WRITE, WRITE, CLOSE, PARTS };

static double cpu(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static _Noreturn void die(sqlite3 *db)
{
	fprintf(stderr, "connections: %s\n", db ? sqlite3_errmsg(db) : "no memory");
	exit(1);
}

static sqlite3 *open_one(const char *file)
{
	sqlite3 *db;

	if (sqlite3_open(file, &db) != SQLITE_OK)
		die(db);
	return db;
}

static void query(sqlite3 *db)
{
	sqlite3_stmt *stmt;

	if (sqlite3_prepare_v2(db, QUERY, -1, &stmt, NULL) != SQLITE_OK || sqlite3_step(stmt) != SQLITE_ROW)
		die(db);
	sqlite3_finalize(stmt);
}

static void transact(sqlite3 *db)
{
	if (sqlite3_exec(db, "BEGIN; UPDATE t SET x = x + 1; COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		die(db);
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

int main(int argc, char **argv)
{
	static double samples[PARTS][ROUNDS];
	struct rlimit limit;
	long count = argc == 3 ? atol(argv[2]) : 0;
	sqlite3 **stay = calloc((size_t)count + 1, sizeof(sqlite3 *)), *db;

	if (count < 1 || !stay)
		return 64;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 1;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	for (long i = 0; i < count; i++)
		stay[i] = open_one(argv[1]);
	/* one that reads opens the -wal, too */
	for (long i = 0; i < count && count + i + SPARE < (long)limit.rlim_cur; i++)
		query(stay[i]);
	for (int i = 0; i < ROUNDS; i++) {
		double at[PARTS + 1];

		at[OPEN] = cpu();
		db = open_one(argv[1]);
		at[FIRST] = cpu();
		query(db);
		at[SECOND] = cpu();
		query(db);
		at[FIRST_WRITE] = cpu();
		transact(db);
		at[WRITE] = cpu();
		transact(db);
		at[CLOSE] = cpu();
		sqlite3_close(db);
		at[PARTS] = cpu();
		for (int part = 0; part < PARTS; part++)
			samples[part][i] = at[part + 1] - at[part];
	}
	for (int part = 0; part < PARTS; part++) {
		qsort(samples[part], ROUNDS, sizeof(double), compare);
		if (part != FIRST_WRITE)
			printf("%.1f ", samples[part][ROUNDS / 2]);
	}
	puts("");
	return 0;
}
