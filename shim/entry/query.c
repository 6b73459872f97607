/* query.c - asks a database with the SQLite that LD_PRELOAD names beside the library, which is run as a program here.
 *
 * Its functions are looked up after this object, whose own of the same names are hooks; SQLPROD=off makes those pass on what SQLite
 * calls itself. */
#include "entry/query.h"

#include "elf/loader.h"

#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#define WAIT_MS 2000

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

int query_run(FILE *out, const char *file, const char *sql)
{
	__typeof__(&sqlite3_open_v2) open_v2;
	__typeof__(&sqlite3_busy_timeout) busy_timeout;
	__typeof__(&sqlite3_exec) exec;
	__typeof__(&sqlite3_errmsg) errmsg;
	__typeof__(&sqlite3_close) close_db;
	sqlite3 *db = NULL;
	int status;

	*(void **)&open_v2 = loader_symbol(NULL, "sqlite3_open_v2");
	*(void **)&busy_timeout = loader_symbol(NULL, "sqlite3_busy_timeout");
	*(void **)&exec = loader_symbol(NULL, "sqlite3_exec");
	*(void **)&errmsg = loader_symbol(NULL, "sqlite3_errmsg");
	*(void **)&close_db = loader_symbol(NULL, "sqlite3_close");
	if (!open_v2 || !busy_timeout || !exec || !errmsg || !close_db)
		return QUERY_NO_SQLITE;
	if (open_v2(file, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		return fail(db ? errmsg(db) : "out of memory");
	busy_timeout(db, WAIT_MS);
	status = exec(db, sql, put_row, out, NULL) == SQLITE_OK ? 0 : fail(errmsg(db));
	close_db(db);
	return status;
}
