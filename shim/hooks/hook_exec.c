/* hook_exec.c - the front door for sqlite3_exec() and sqlite3_get_table(), which take many statements in one text.
 *
 * A statement can decide about the next one (PRAGMA page_size before CREATE TABLE, PRAGMA query_only before BEGIN), so each is
 * looked at when its turn comes. */
#include "base/guard.h"
#include "connection/pragma.h"
#include "hooks/hook.h"
#include "locking/busy_handler.h"
#include "policy/begin.h"
#include "policy/foreign_keys.h"
#include "policy/statement_policy.h"
#include "policy/upgrade.h"

#include <stdlib.h>
#include <string.h>

/* A text whose statements are taken one by one. */
struct script {
	struct sql_text text;
	size_t at;       /* where the next one begins */
	bool query_only; /* PRAGMA query_only came by and has not run yet: no BEGIN behind it is rewritten */
	bool savepoint;  /* the statement whose turn it is begins a transaction that is to have the write lock */
};

/* Surely no statement follows: nothing but blanks stands behind the first semicolon, wherever that is. Far cheaper than to find the
 * end of a long INSERT. */
static bool is_last(const struct sql_text *text, size_t from)
{
	const char *rest = (const char *)text->units + from;
	const char *semicolon = memchr(rest, ';', text->length - from);

	return !semicolon || semicolon[1 + strspn(semicolon + 1, " \t\n\r")] == '\0';
}

static void discard(char *made)
{
	rewrite_discard(made, made ? strlen(made) : 0);
}

/* The next statement, as the connection is to run it; *made is a text to be freed, or NULL where the program's own serves. NULL if
 * memory is out. */
static const char *next_statement(struct connection *connection, struct script *script, char **made)
{
	const struct sql_text *text = &script->text;
	const char *sql = (const char *)text->units + script->at;
	size_t from = script->at, bytes;
	struct statement statement;
	enum action action;
	struct rewrite rewrite;

	*made = NULL;
	statement_read(text, from, &statement);
	script->at = is_last(text, from) ? text->length : statement_find_end(text, &statement);
	action = policy_statement(connection, text, &statement, &rewrite);
	script->savepoint = action == ACTION_UPGRADE_AFTER;
	if (action == ACTION_REWRITE && !(script->query_only && statement.kind == STATEMENT_BEGIN)) {
		*made = rewrite_make(&rewrite, text, &statement, from, &bytes);
		if (*made)
			policy_rewritten(connection, &statement);
	}
	if (statement.kind == STATEMENT_PRAGMA && span_is(text, statement.name, "query_only"))
		script->query_only = true;
	if (!*made && script->at == text->length)
		return sql;
	if (!*made)
		*made = strndup(sql, script->at - from);
	return *made;
}

/* Between statements sqlite3_exec() passes over the vertical tab as well, which sqlite3_prepare() refuses. */
static void skip_blanks(struct script *script)
{
	const char *sql = script->text.units;

	while (script->at < script->text.length && (sql[script->at] == ' ' || (sql[script->at] >= '\t' && sql[script->at] <= '\r')))
		script->at++;
}

/* Takes the write lock for it. If SQLite lost it over that, and it cannot be had again, the program is told by the code returned.
 */
static int savepoint_begun(struct connection *connection, const char *sql)
{
	const struct sqlite *sqlite = connection->sqlite;
	int rc = SQLITE_OK;

	callbacks_suspend(connection);
	begin_upgraded(connection, upgrade_begin(connection));
	if (!upgrade_begin_again(connection, sql))
		rc = sqlite->errcode(connection->db);
	else
		sqlite_forget_error(sqlite, connection->db);
	callbacks_resume(connection);
	return rc;
}

static int execute_each(struct connection *connection, struct script *script, int (*callback)(void *, int, char **, char **),
			void *argument, char **message)
{
	const struct sqlite *sqlite = connection->sqlite;
	const char *sql, *rest;
	char *made;
	int rc;

	do {
		rest = (const char *)script->text.units + script->at;
		sql = next_statement(connection, script, &made);
		rc = policy_take_error(connection);
		if (rc != SQLITE_OK) {
			if (message)
				*message = NULL;
		} else {
			if (!sql)
				foreign_keys_before_unseen(connection);
			rc = sqlite->exec(connection->db, sql ? sql : rest, callback, argument, message);
			if (!sql)
				return rc;
			if (script->savepoint && rc == SQLITE_OK)
				rc = savepoint_begun(connection, sql);
		}
		discard(made);
		foreign_keys_resume(connection);
		busy_handler_reinstall(connection, 0);
		script->query_only = false;
		skip_blanks(script);
	} while (rc == SQLITE_OK && script->at < script->text.length);
	return rc;
}

HOOK int sqlite3_exec(sqlite3 *db, const char *sql, int (*callback)(void *, int, char **, char **), void *argument, char **message)
{
	const struct sqlite *sqlite;
	struct connection *connection = hook_enter(db, "sqlite3_exec", HOOK_CALLER, HOOK_FRAME, &sqlite);
	struct script script = {.text = sql_text_utf8(sql ? sql : "", -1)};
	int rc;

	if (!connection)
		return sqlite ? sqlite->exec(db, sql, callback, argument, message) : SQLITE_MISUSE;
	rc = execute_each(connection, &script, callback, argument, message);
	hook_leave(connection);
	return rc;
}

struct joined {
	char *text;
	size_t length, room;
};

/* Without realloc(), which leaves the text where it was. */
static bool append(struct joined *all, const char *sql)
{
	size_t n = strlen(sql), room = 2 * (all->length + n + 1);
	char *grown;

	if (all->length + n >= all->room) {
		grown = malloc(room);
		if (!grown)
			return false;
		if (all->text)
			memcpy(grown, all->text, all->length);
		rewrite_discard(all->text, all->length);
		all->text = grown;
		all->room = room;
	}
	memcpy(all->text + all->length, sql, n + 1);
	all->length += n;
	return true;
}

/* All statements of the text as the connection is to run them, in one text to be freed; NULL if memory is out. */
static char *rewrite_all(struct connection *connection, struct script *script)
{
	struct joined all = {0};
	const char *sql;
	char *made;
	bool ok;

	do {
		sql = next_statement(connection, script, &made);
		if (script->savepoint)
			begin_not_upgraded(connection, "SAVEPOINT in sqlite3_get_table() is not seen to run");
		ok = sql && append(&all, sql);
		discard(made);
	} while (ok && script->at < script->text.length);
	if (ok)
		return all.text;
	discard(all.text);
	return NULL;
}

/* One result table for all statements: it cannot be had in pieces, so all are looked at before the first one runs. */
HOOK int sqlite3_get_table(sqlite3 *db, const char *sql, char ***table, int *rows, int *columns, char **message)
{
	const struct sqlite *sqlite;
	struct connection *connection = hook_enter(db, "sqlite3_get_table", HOOK_CALLER, HOOK_FRAME, &sqlite);
	struct script script = {.text = sql_text_utf8(sql ? sql : "", -1)};
	char *all;
	int rc;

	if (!connection)
		return sqlite ? sqlite->get_table(db, sql, table, rows, columns, message) : SQLITE_MISUSE;
	all = rewrite_all(connection, &script);
	rc = policy_take_error(connection);
	if (rc == SQLITE_OK) {
		if (!all)
			foreign_keys_before_unseen(connection);
		rc = sqlite->get_table(db, all ? all : sql, table, rows, columns, message);
	} else {
		*table = NULL;
		if (message)
			*message = NULL;
	}
	discard(all);
	foreign_keys_resume(connection);
	busy_handler_reinstall(connection, 0);
	hook_leave(connection);
	return rc;
}
