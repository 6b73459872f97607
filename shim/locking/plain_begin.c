/* plain_begin.c - finds the statement, and changes its text. */
#include "locking/plain_begin.h"

#include "locking/file_shim.h"
#include "sql/statement.h"
#include "sqlite/sqlite.h"

#include <stdint.h>
#include <string.h>

bool plain_begin_is_possible(const struct sqlite *sqlite)
{
	return sqlite->next_stmt && sqlite->stmt_busy && sqlite->sql && sqlite->get_autocommit;
}

/* The mark in its text; NULL if it is no BEGIN of ours. */
static char *mark_of(const char *sql)
{
	struct statement statement;

	if (!sql)
		return NULL;
	statement_read_utf8(sql, &statement);
	if (statement.kind != STATEMENT_BEGIN)
		return NULL;
	return strstr((char *)(uintptr_t)sql, PLAIN_BEGIN_MARK);
}

/* The mark of the one that runs; NULL if none does. */
static char *find(const struct file_shim *shim, bool *under_cursor)
{
	const struct sqlite *sqlite = shim->sqlite;
	sqlite3_stmt *stmt = NULL;
	char *mark = NULL;
	unsigned busy = 0;

	if (!sqlite->get_autocommit(shim->db))
		return NULL;
	while ((stmt = sqlite->next_stmt(shim->db, stmt))) {
		if (!sqlite->stmt_busy(stmt))
			continue;
		busy++;
		if (!mark)
			mark = mark_of(sqlite->sql(stmt));
	}
	*under_cursor = busy > 1;
	return mark;
}

bool plain_begin_runs(const struct file_shim *shim, bool *under_cursor)
{
	return find(shim, under_cursor) != NULL;
}

int plain_begin_make(struct file_shim *shim)
{
	bool under_cursor;
	char *mark = find(shim, &under_cursor);

	if (!mark)
		return SQLITE_BUSY;
	memset(mark, ' ', strlen(PLAIN_BEGIN_MARK));
	return SQLITE_SCHEMA;
}
