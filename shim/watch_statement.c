/* watch_statement.c - what the program's statements mean behind the second door, where they are seen when they run. */
#include "watch_statement.h"

#include "begin.h"
#include "decision.h"
#include "pragma.h"
#include "program.h"
#include "upgrade.h"
#include "wait.h"

#include <stdatomic.h>
#include <string.h>

#define SQLITE_CORE 1 /* the struct of sqlite3ext.h, without the macros that hide the functions */
#include <sqlite3ext.h>

/* What the program put into the busy slot since we looked last. */
static void look_at_busy_slot(struct watched *watched)
{
	struct connection *connection = watched->connection;
	struct busy_slot now;

	if (!slot_read_busy(watched->slots->busy, connection->db, &now))
		return;
	if (now.handler == watched->slots->busy->stock || wait_is_ours(now.handler)) {
		if (now.timeout != connection->busy.timeout || connection->busy.handler)
			decision_busy_timeout(connection, now.timeout);
		else
			wait_renew(connection, 0);
	} else if (now.handler) {
		if (now.handler != connection->busy.handler || now.argument != connection->busy.argument)
			decision_found_busy_handler(connection, now.handler, now.argument);
	} else if (connection->busy.timeout || connection->busy.handler) {
		decision_busy_timeout(connection, 0);
	}
}

/* In WAL mode EXCLUSIVE is the same as IMMEDIATE. */
static bool is_exclusive(const struct connection *connection, const struct rewrite *rewrite)
{
	return strcmp(rewrite->words, "EXCLUSIVE") == 0 && connection->outcomes[SETTING_JOURNAL_MODE].got != JOURNAL_WAL;
}

static void begun(struct watched *watched, const struct rewrite *rewrite)
{
	struct connection *connection = watched->connection;
	const char *obstacle = upgrade_begin(connection);

	if (!upgrade_begin_again(connection, "BEGIN"))
		watched->lost = "BEGIN";
	if (!obstacle && is_exclusive(connection, rewrite))
		obstacle = "IMMEDIATE instead of EXCLUSIVE, which an embedded SQLite does not give to a BEGIN that has run";
	begin_upgraded(connection, obstacle);
}

static void savepoint_begun(struct watched *watched, const char *sql)
{
	struct connection *connection = watched->connection;

	if (!watched->outermost || !begin_savepoint(connection))
		return;
	begin_upgraded(connection, upgrade_begin(connection));
	if (!upgrade_begin_again(connection, sql))
		watched->lost = "";
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

void watch_statement_begins(struct watched *watched)
{
	struct connection *connection = watched->connection;

	look_at_busy_slot(watched);
	/* A statement that was interrupted here ends before it has done anything, and its program is told what it has to be told:
	 * that its transaction was rolled back. */
	if (watched->lost && !upgrade_begin_again(connection, watched->lost))
		watched->copy->table->interruptx(connection->db);
	watched->lost = NULL;
	watched->outermost = connection->sqlite->get_autocommit(connection->db);
}

void watch_statement_ended(struct watched *watched, sqlite3_stmt *stmt)
{
	struct connection *connection = watched->connection;
	const char *sql = connection->sqlite->sql(stmt);
	unsigned watch = atomic_load_explicit(&connection->watch, memory_order_relaxed);
	struct statement statement;
	struct rewrite rewrite;
	struct sql_text text;
	bool inside;

	if (!sql || !(watch >> statement_first_letter(sql, -1) & 1))
		return;
	text = sql_text_utf8(sql, -1);
	statement_read(&text, 0, &statement);
	slot_read_authorizer(watched->slots, connection->db, &connection->authorizer);
	inside = !connection->sqlite->get_autocommit(connection->db);
	if (program_statement(connection, &text, &statement, &rewrite) == STATEMENT_REWRITTEN) {
		if (statement.kind != STATEMENT_BEGIN)
			override_pragma(connection, &text, &statement, &rewrite);
		else if (inside)
			begun(watched, &rewrite);
	} else if (statement.kind == STATEMENT_SAVEPOINT && inside) {
		savepoint_begun(watched, sql);
	}
	sqlite_forget_error(connection->sqlite, connection->db);
}
