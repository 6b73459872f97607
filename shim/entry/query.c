/* query.c - asks a database, or copies it, with the SQLite that LD_PRELOAD names beside the library, which is run as a program.
 *
 * Its functions are looked up after this object, whose own of the same names are hooks; SQLPROD=off makes those pass on what SQLite
 * calls itself. */
#include "entry/query.h"

#include "elf/loader.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define QUERY_WAIT_MS 2000
#define BACKUP_WAIT_MS 30000

static int put_row(void *out, int count, char **values, char **names)
{
	(void)names;
	for (int i = 0; i < count; i++)
		fprintf(out, "%s%s", i ? "|" : "", values[i] ? values[i] : "");
	fputc('\n', out);
	return 0;
}

static int fail(const char *message)
{
	static const char prefix[] = "Error: ";

	if (write(STDERR_FILENO, prefix, sizeof(prefix) - 1) < 0 || write(STDERR_FILENO, message, strlen(message)) < 0 ||
	    write(STDERR_FILENO, "\n", 1) < 0)
		return 1; /* stderr is closed: the exit status says it too */
	return 1;
}

/* What is called of SQLite. */
static struct {
	__typeof__(&sqlite3_open_v2) open_v2;
	__typeof__(&sqlite3_busy_timeout) busy_timeout;
	__typeof__(&sqlite3_exec) exec;
	__typeof__(&sqlite3_backup_init) backup_init;
	__typeof__(&sqlite3_backup_step) backup_step;
	__typeof__(&sqlite3_backup_finish) backup_finish;
	__typeof__(&sqlite3_errmsg) errmsg;
	__typeof__(&sqlite3_close) close;
} sqlite;

static bool find_sqlite(void)
{
	*(void **)&sqlite.open_v2 = loader_symbol(NULL, "sqlite3_open_v2");
	*(void **)&sqlite.busy_timeout = loader_symbol(NULL, "sqlite3_busy_timeout");
	*(void **)&sqlite.exec = loader_symbol(NULL, "sqlite3_exec");
	*(void **)&sqlite.backup_init = loader_symbol(NULL, "sqlite3_backup_init");
	*(void **)&sqlite.backup_step = loader_symbol(NULL, "sqlite3_backup_step");
	*(void **)&sqlite.backup_finish = loader_symbol(NULL, "sqlite3_backup_finish");
	*(void **)&sqlite.errmsg = loader_symbol(NULL, "sqlite3_errmsg");
	*(void **)&sqlite.close = loader_symbol(NULL, "sqlite3_close");
	return sqlite.open_v2 && sqlite.busy_timeout && sqlite.exec && sqlite.backup_init && sqlite.backup_step &&
	       sqlite.backup_finish && sqlite.errmsg && sqlite.close;
}

/* NULL after a message. */
static sqlite3 *open_file(const char *file, int more_flags, int wait_ms)
{
	sqlite3 *db = NULL;

	if (sqlite.open_v2(file, &db, SQLITE_OPEN_READWRITE | more_flags, NULL) != SQLITE_OK) {
		fail(db ? sqlite.errmsg(db) : "out of memory");
		sqlite.close(db);
		return NULL;
	}
	sqlite.busy_timeout(db, wait_ms);
	return db;
}

int query_run(FILE *out, const char *file, const char *sql)
{
	sqlite3 *db;
	int status;

	if (!find_sqlite())
		return QUERY_NO_SQLITE;
	db = open_file(file, SQLITE_OPEN_URI, QUERY_WAIT_MS);
	if (!db)
		return 1;
	status = sqlite.exec(db, sql, put_row, out, NULL) == SQLITE_OK ? 0 : fail(sqlite.errmsg(db));
	sqlite.close(db);
	return status;
}

static int copy(sqlite3 *from, sqlite3 *to)
{
	sqlite3_backup *backup = sqlite.backup_init(to, "main", from, "main");

	if (!backup)
		return fail(sqlite.errmsg(to));
	sqlite.backup_step(backup, -1);
	return sqlite.backup_finish(backup) == SQLITE_OK ? 0 : fail(sqlite.errmsg(to));
}

int query_backup(const char *file, const char *copy_file)
{
	sqlite3 *from, *to;
	int status = 1;

	if (!find_sqlite())
		return QUERY_NO_SQLITE;
	from = open_file(file, 0, BACKUP_WAIT_MS);
	to = from ? open_file(copy_file, SQLITE_OPEN_CREATE, BACKUP_WAIT_MS) : NULL;
	/* The open read keeps one moment: without it a backup begins anew whenever another process commits. */
	if (to && sqlite.exec(from, "BEGIN; SELECT count(*) FROM sqlite_master", NULL, NULL, NULL) != SQLITE_OK)
		fail(sqlite.errmsg(from));
	else if (to)
		status = copy(from, to);
	sqlite.close(to);
	sqlite.close(from);
	return status;
}
