/* writers.c - processes that write to one database, and acknowledge each commit to disk.so.
 *
 * writers FILE COUNT COMMITS
 *
 * Each commits in a way of its own: COMMIT, an autocommit statement, the RELEASE of a savepoint, a statement that is reset before
 * it has ended, sqlite3_exec. A commit that fails with an input/output error is not acknowledged, and the next one is tried. */
#include <dlfcn.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void (*acknowledge)(unsigned worker, unsigned commit);
static const char *file;

static _Noreturn void die(sqlite3 *db, const char *what)
{
	fprintf(stderr, "writers: %s: %s\n", what, db ? sqlite3_errmsg(db) : "failed");
	exit(1);
}

static int execute(sqlite3 *db, const char *sql)
{
	int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);

	if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_IOERR)
		die(db, sql);
	return rc;
}

static sqlite3 *open_database(void)
{
	sqlite3 *db;

	if (sqlite3_open(file, &db) != SQLITE_OK)
		die(db, file);
	sqlite3_busy_timeout(db, 60000);
	sqlite3_extended_result_codes(db, 1);
	return db;
}

/* Rows are of different lengths, so that a commit is of one to many frames. */
static void describe(char *out, size_t size, unsigned worker, unsigned commit)
{
	snprintf(out, size, "INSERT INTO log VALUES(%u, %u, hex(zeroblob(%u)))", worker, commit, commit % 7 * 300);
}

static int reset_early(sqlite3 *db, const char *insert)
{
	char sql[256];
	sqlite3_stmt *stmt;

	snprintf(sql, sizeof(sql), "%s RETURNING n", insert);
	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
		die(db, sql);
	sqlite3_step(stmt);
	return sqlite3_finalize(stmt);
}

static int commit_once(sqlite3 *db, unsigned worker, unsigned commit)
{
	char insert[128], sql[512];

	describe(insert, sizeof(insert), worker, commit);
	switch (worker % 5) {
	case 0:
		return execute(db, insert);
	case 1:
		return sqlite3_libversion_number() >= 3035000 ? reset_early(db, insert) : execute(db, insert);
	case 2:
		snprintf(sql, sizeof(sql), "SAVEPOINT s; %s; UPDATE counter SET n = n + 1; RELEASE s", insert);
		break;
	default:
		snprintf(sql, sizeof(sql), "BEGIN IMMEDIATE; %s; UPDATE counter SET n = n + 1; COMMIT", insert);
	}
	return execute(db, sql);
}

static void work(unsigned worker, unsigned commits)
{
	sqlite3 *db = open_database();

	execute(db, "PRAGMA wal_autocheckpoint=40");
	for (unsigned commit = 1; commit <= commits; commit++) {
		if (commit_once(db, worker, commit) == SQLITE_OK && acknowledge)
			acknowledge(worker, commit);
		if (!sqlite3_get_autocommit(db))
			execute(db, "ROLLBACK");
	}
	sqlite3_close(db);
}

static void make_database(void)
{
	sqlite3 *db = open_database();

	execute(db, "PRAGMA page_size=512; PRAGMA journal_mode=WAL");
	execute(db, "CREATE TABLE log(worker, n, padding, PRIMARY KEY(worker, n)); CREATE TABLE counter(n); INSERT INTO counter "
		    "VALUES(0)");
	sqlite3_close(db);
}

int main(int argc, char **argv)
{
	unsigned count, status, failed = 0;

	if (argc != 4) {
		fputs("usage: writers FILE COUNT COMMITS\n", stderr);
		return 64;
	}
	file = argv[1];
	count = (unsigned)atoi(argv[2]);
	*(void **)&acknowledge = dlsym(RTLD_DEFAULT, "disk_acknowledge");
	make_database();
	if (acknowledge)
		acknowledge(0, 0);
	for (unsigned worker = 0; worker < count; worker++)
		if (fork() == 0) {
			work(worker, (unsigned)atoi(argv[3]));
			exit(0);
		}
	while (wait((int *)&status) > 0)
		failed |= status;
	return failed != 0;
}
