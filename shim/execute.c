/* execute.c - the front door for sqlite3_exec() and sqlite3_get_table(), which take many statements in one text.
 *
 * A statement can decide about the next one (PRAGMA page_size before CREATE TABLE, PRAGMA query_only before BEGIN), so each is
 * looked at when its turn comes. */
#include "door.h"
#include "foreign_keys.h"
#include "program.h"
#include "wait.h"

#include <stdlib.h>
#include <string.h>

/* The statement at `from`, as the connection is to run it; *made is a text to be freed, or NULL where the program's own serves.
 * NULL if memory is out. *end is set behind it. */
static const char *next_statement(struct connection *connection, const struct sql_text *text, size_t from, size_t *end, char **made)
{
	const char *sql = (const char *)text->units + from;
	struct statement statement;
	struct rewrite rewrite;
	size_t bytes;

	*made = NULL;
	statement_read(text, from, &statement);
	*end = statement_find_end(text, &statement);
	if (program_statement(connection, text, &statement, &rewrite)) {
		*made = statement_rewrite(text, &statement, from, rewrite.place, rewrite.words, &bytes);
		if (*made)
			program_rewritten(connection, &statement);
	}
	if (!*made && *end == text->length)
		return sql;
	if (!*made)
		*made = strndup(sql, *end - from);
	return *made;
}

static int execute_each(struct connection *connection, const struct sql_text *text, int (*callback)(void *, int, char **, char **),
			void *argument, char **message)
{
	const struct sqlite *sqlite = connection->sqlite;
	size_t at = 0, end;
	const char *sql;
	char *made;
	int rc;

	do {
		sql = next_statement(connection, text, at, &end, &made);
		if (!sql)
			return sqlite->exec(connection->db, (const char *)text->units + at, callback, argument, message);
		rc = sqlite->exec(connection->db, sql, callback, argument, message);
		free(made);
		foreign_keys_resume(connection);
		wait_renew(connection, 0);
		at = end;
	} while (rc == SQLITE_OK && at < text->length);
	return rc;
}

DOOR int sqlite3_exec(sqlite3 *db, const char *sql, int (*callback)(void *, int, char **, char **), void *argument, char **message)
{
	const struct sqlite *sqlite;
	struct connection *connection = door_enter(db, "sqlite3_exec", DOOR_CALLER, &sqlite);
	struct sql_text text;
	int rc;

	if (!connection)
		return sqlite ? sqlite->exec(db, sql, callback, argument, message) : SQLITE_MISUSE;
	text = sql_text_utf8(sql ? sql : "", -1);
	rc = execute_each(connection, &text, callback, argument, message);
	door_leave(connection);
	return rc;
}

/* All statements of the text as the connection is to run them, in one text to be freed; NULL if memory is out. */
static char *rewrite_all(struct connection *connection, const struct sql_text *text)
{
	char *all = NULL, *grown, *made;
	size_t at = 0, end, length = 0, n;
	const char *sql;

	do {
		sql = next_statement(connection, text, at, &end, &made);
		n = sql ? strlen(sql) : 0;
		grown = sql ? realloc(all, length + n + 1) : NULL;
		if (!grown) {
			free(made);
			free(all);
			return NULL;
		}
		all = grown;
		memcpy(all + length, sql, n + 1);
		length += n;
		free(made);
		at = end;
	} while (at < text->length);
	return all;
}

/* One result table for all statements: it cannot be had in pieces, so all are looked at before the first one runs. */
DOOR int sqlite3_get_table(sqlite3 *db, const char *sql, char ***table, int *rows, int *columns, char **message)
{
	const struct sqlite *sqlite;
	struct connection *connection = door_enter(db, "sqlite3_get_table", DOOR_CALLER, &sqlite);
	struct sql_text text;
	char *all;
	int rc;

	if (!connection)
		return sqlite ? sqlite->get_table(db, sql, table, rows, columns, message) : SQLITE_MISUSE;
	text = sql_text_utf8(sql ? sql : "", -1);
	all = rewrite_all(connection, &text);
	rc = sqlite->get_table(db, all ? all : sql, table, rows, columns, message);
	free(all);
	foreign_keys_resume(connection);
	wait_renew(connection, 0);
	door_leave(connection);
	return rc;
}
