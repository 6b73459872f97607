/* hook_exec.c - the hooks of sqlite3_exec() and sqlite3_get_table(), which take many statements in one text.
 *
 * A statement can affect the next one (PRAGMA page_size before CREATE TABLE, PRAGMA query_only before BEGIN), so each is read only
 * after the one before it has run. */
#include "base/guard.h"
#include "connection/registry.h"
#include "hooks/hook.h"
#include "policy/foreign_keys.h"
#include "policy/statement_policy.h"

#include <stdlib.h>
#include <string.h>

/* A text whose statements are read one by one. */
struct script {
	struct sql_text text;
	size_t at;       /* where the next one begins */
	bool query_only; /* PRAGMA query_only was read and has not run yet: no BEGIN after it is rewritten */
};

/* Is this surely the last statement, because only blanks follow the first semicolon, even one in a string? Far cheaper than to find
 * the end of a long INSERT. */
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

/* The next statement, as the connection is to run it; *made is a text to be freed, or NULL if it is the program's own. NULL if
 * memory is out. */
static const char *next_statement(struct connection *connection, struct script *script, enum passage passage,
				  struct statement_plan *plan, char **made)
{
	const struct sql_text *text = &script->text;
	const char *sql = (const char *)text->units + script->at;
	size_t from = script->at, bytes;

	*made = NULL;
	policy_before(connection, passage, text, from, plan);
	script->at = is_last(text, from) ? text->length : statement_find_end(text, &plan->statement);
	if (plan->action == ACTION_REWRITE && !(script->query_only && plan->statement.kind == STATEMENT_BEGIN))
		*made = rewrite_make(&plan->rewrite, text, (struct span){from, plan->statement.end}, &bytes);
	plan->rewritten = *made != NULL;
	if (!*made && script->at == text->length)
		return sql;
	if (!*made)
		*made = strndup(sql, script->at - from);
	return *made;
}

/* Between statements sqlite3_exec() skips the vertical tab as well, which sqlite3_prepare() rejects. */
static void skip_blanks(struct script *script)
{
	const char *sql = script->text.units;

	while (script->at < script->text.length && (sql[script->at] == ' ' || (sql[script->at] >= '\t' && sql[script->at] <= '\r')))
		script->at++;
}

/* Runs the next statement, or, without memory for it, the whole rest of the text. */
static int execute_next(struct connection *connection, struct script *script, int (*callback)(void *, int, char **, char **),
			void *argument, char **message)
{
	const char *rest = (const char *)script->text.units + script->at;
	struct statement_plan plan;
	char *made;
	const char *sql = next_statement(connection, script, PASSAGE_EXEC, &plan, &made);
	int rc = plan.error;

	if (rc != SQLITE_OK) {
		if (message)
			*message = NULL;
	} else if (sql) {
		rc = foreign_keys_execute(connection, &script->text, &plan.statement, sql, callback, argument, message);
	} else {
		rc = foreign_keys_execute_unseen(connection, rest, callback, argument, message);
		script->at = script->text.length;
	}
	rc = policy_after(connection, &script->text, &plan, sql ? sql : rest, rc);
	discard(made);
	return rc;
}

static int execute_each(struct connection *connection, struct script *script, int (*callback)(void *, int, char **, char **),
			void *argument, char **message)
{
	int rc;

	do {
		rc = execute_next(connection, script, callback, argument, message);
		skip_blanks(script);
	} while (rc == SQLITE_OK && script->at < script->text.length);
	return rc;
}

/* Does SQLite itself read a schema, to attach a file? That runs inside a statement of the program's, when WAL cannot be set, and is
 * no use of the main database. A program's own code may lie in the same object as its SQLite. */
static bool reads_attached_schema(const struct connection *connection, const void *caller)
{
	const struct sqlite *sqlite = connection->sqlite;

	return connection->setup == SETUP_OPENED && sqlite_owns(sqlite, caller) && sqlite_runs_statement(sqlite, connection->db);
}

/* found: the handle's record as a first look finds it; NULL says nothing. */
static __attribute__((noinline)) int read_each(struct connection *found, sqlite3 *db, const char *sql,
					       int (*callback)(void *, int, char **, char **), void *argument, char **message,
					       const void *caller, const void *frame)
{
	const struct sqlite *sqlite;
	struct connection *connection =
		hook_enter_found(found ? found : registry_find(db), db, "sqlite3_exec", caller, frame, &sqlite);
	struct script script;
	int rc;

	if (!connection)
		return sqlite ? sqlite->exec(db, sql, callback, argument, message) : SQLITE_MISUSE;
	bool may_pass = !sqlite_owns(sqlite, caller) && !(callback && connection->empty_results);

	if (may_pass && policy_begins_again(connection, sql, -1)) {
		/* SQLite's own function would come back to the hooks */
		rc = foreign_keys_execute_rowless(connection, sql, message);
	} else if (may_pass && policy_commits(connection, sql)) {
		rc = foreign_keys_execute_rowless(connection, sql, message);
		policy_committed(connection);
	} else if (reads_attached_schema(connection, caller)) {
		rc = sqlite->exec(db, sql, callback, argument, message);
	} else {
		script = (struct script){.text = sql_text_utf8(sql ? sql : "", -1)};
		rc = execute_each(connection, &script, callback, argument, message);
	}
	hook_leave(connection);
	return rc;
}

/* Is it a SELECT, and nothing else, on a connection where a SELECT does not matter? As hook_prepare.c has it; and nothing may be
 * due once it has run. */
static inline bool passes(const struct connection *connection, const char *sql)
{
	unsigned interest = connection ? atomic_load_explicit(&connection->interest, memory_order_acquire) : 0;
	const char *semicolon;

	if ((interest & (INTEREST_QUIET | LETTER('s'))) != INTEREST_QUIET || !sql)
		return false;
	while (*sql == ' ' || *sql == '\t' || *sql == '\n' || *sql == '\r')
		sql++;
	if ((sql[0] | 0x20) != 's' || (sql[1] | 0x20) != 'e')
		return false;
	semicolon = strchr(sql, ';');
	return !semicolon || semicolon[1] == '\0';
}

HOOK int sqlite3_exec(sqlite3 *db, const char *sql, int (*callback)(void *, int, char **, char **), void *argument, char **message)
{
	struct connection *connection = registry_peek(db);

	if (passes(connection, sql))
		return connection->sqlite->exec(db, sql, callback, argument, message);
	return read_each(connection, db, sql, callback, argument, message, HOOK_CALLER, HOOK_FRAME);
}

struct joined {
	char *text;
	size_t length, room;
};

/* Not by realloc(), which would leave the text in freed memory. */
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

/* All statements of the text as the connection is to run them, in one text to be freed; NULL if memory is out. sqlite3_get_table()
 * does not return which of them SQLite accepts: those before an error of ours count as accepted. */
static char *rewrite_all(struct connection *connection, struct script *script, int *error)
{
	struct statement_plan plan;
	struct joined all = {0};
	const char *sql;
	char *made;
	bool ok;

	do {
		sql = next_statement(connection, script, PASSAGE_TABLE, &plan, &made);
		if (plan.statement.kind == STATEMENT_PRAGMA && span_is(&script->text, plan.statement.name, "query_only"))
			script->query_only = true;
		*error = policy_after(connection, &script->text, &plan, sql, plan.error);
		ok = sql && append(&all, sql);
		discard(made);
	} while (ok && *error == SQLITE_OK && script->at < script->text.length);
	if (ok)
		return all.text;
	discard(all.text);
	return NULL;
}

/* There is one result table for all statements, so all are read before the first one runs. */
HOOK int sqlite3_get_table(sqlite3 *db, const char *sql, char ***table, int *rows, int *columns, char **message)
{
	const struct sqlite *sqlite;
	struct connection *connection = hook_enter(db, "sqlite3_get_table", HOOK_CALLER, HOOK_FRAME, &sqlite);
	struct script script = {.text = sql_text_utf8(sql ? sql : "", -1)};
	char *all;
	int rc;

	if (!connection)
		return sqlite ? sqlite->get_table(db, sql, table, rows, columns, message) : SQLITE_MISUSE;
	all = rewrite_all(connection, &script, &rc);
	if (rc == SQLITE_OK) {
		rc = sqlite->get_table(db, all ? all : sql, table, rows, columns, message);
	} else {
		*table = NULL;
		if (message)
			*message = NULL;
	}
	discard(all);
	policy_after_table(connection);
	hook_leave(connection);
	return rc;
}
