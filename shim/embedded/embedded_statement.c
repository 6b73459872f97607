/* embedded_statement.c - what the program's statements mean behind the second door, where they are seen when they run. */
#include "embedded/embedded_statement.h"

#include "connection/pragma.h"
#include "locking/busy_handler.h"
#include "policy/begin.h"
#include "policy/program_settings.h"
#include "policy/statement_policy.h"
#include "policy/upgrade.h"
#include "sqlite/callbacks.h"

#include <stdatomic.h>
#include <string.h>

#define SQLITE_CORE 1 /* the struct of sqlite3ext.h, without the macros that hide the functions */
#include <sqlite3ext.h>

/* What the program put into the busy slot since we looked last. */
static void look_at_busy_callback(struct embedded_connection *embedded)
{
	struct connection *connection = embedded->connection;
	struct busy_callback now;

	if (!callback_read_busy(embedded->offsets->busy, connection->db, &now))
		return;
	if (now.handler == embedded->offsets->busy->stock || busy_handler_is_ours(now.handler)) {
		if (now.timeout != connection->busy.timeout || connection->busy.handler)
			program_busy_timeout(connection, now.timeout);
		else
			busy_handler_reinstall(connection, 0);
	} else if (now.handler) {
		if (now.handler != connection->busy.handler || now.argument != connection->busy.argument)
			program_found_busy_handler(connection, now.handler, now.argument);
	} else if (connection->busy.timeout || connection->busy.handler) {
		program_busy_timeout(connection, 0);
	}
}

/* In WAL mode EXCLUSIVE is the same as IMMEDIATE. */
static bool is_exclusive(const struct connection *connection, const struct rewrite *rewrite)
{
	return strcmp(rewrite->words, "EXCLUSIVE") == 0 && connection->outcomes[SETTING_JOURNAL_MODE].got != JOURNAL_WAL;
}

static void begun(struct embedded_connection *embedded, const struct rewrite *rewrite)
{
	struct connection *connection = embedded->connection;
	const char *obstacle = upgrade_begin(connection);

	if (!upgrade_begin_again(connection, "BEGIN"))
		embedded->lost = "BEGIN";
	if (!obstacle && is_exclusive(connection, rewrite))
		obstacle = "IMMEDIATE instead of EXCLUSIVE, which an embedded SQLite does not give to a BEGIN that has run";
	begin_upgraded(connection, obstacle);
}

static void savepoint_begun(struct embedded_connection *embedded, const char *sql)
{
	struct connection *connection = embedded->connection;

	if (!embedded->outermost || !begin_savepoint(connection))
		return;
	begin_upgraded(connection, upgrade_begin(connection));
	if (!upgrade_begin_again(connection, sql))
		embedded->lost = "";
}

/* The program decided by PRAGMA, and SQLite has done it; the operator may want something else. */
static void override_pragma(struct connection *connection, const struct sql_text *text, const struct statement *statement,
			    const struct rewrite *rewrite)
{
	size_t bytes = 0;
	char *sql = rewrite_make(rewrite, text, statement, 0, &bytes);

	if (sql)
		pragma_run(connection, sql, NULL, 0);
	rewrite_discard(sql, bytes);
}

void embedded_statement_begins(struct embedded_connection *embedded)
{
	struct connection *connection = embedded->connection;

	look_at_busy_callback(embedded);
	/* A statement that was interrupted here ends before it has done anything, and its program is told what it has to be told:
	 * that its transaction was rolled back. */
	if (embedded->lost && !upgrade_begin_again(connection, embedded->lost))
		embedded->copy->table->interruptx(connection->db);
	embedded->lost = NULL;
	embedded->outermost = connection->sqlite->get_autocommit(connection->db);
}

void embedded_statement_ended(struct embedded_connection *embedded, sqlite3_stmt *stmt)
{
	struct connection *connection = embedded->connection;
	const char *sql = connection->sqlite->sql(stmt);
	unsigned interest = atomic_load_explicit(&connection->interest, memory_order_relaxed);
	struct statement statement;
	struct rewrite rewrite;
	struct sql_text text;
	bool inside;

	if (!sql || !(interest >> statement_first_letter(sql, -1) & 1))
		return;
	text = sql_text_utf8(sql, -1);
	statement_read(&text, 0, &statement);
	callback_read_authorizer(embedded->offsets, connection->db, &connection->authorizer);
	inside = !connection->sqlite->get_autocommit(connection->db);
	if (policy_statement(connection, &text, &statement, &rewrite) == ACTION_REWRITE) {
		if (statement.kind != STATEMENT_BEGIN)
			override_pragma(connection, &text, &statement, &rewrite);
		else if (inside)
			begun(embedded, &rewrite);
	} else if (statement.kind == STATEMENT_SAVEPOINT && inside) {
		savepoint_begun(embedded, sql);
	}
	sqlite_forget_error(connection->sqlite, connection->db);
}
