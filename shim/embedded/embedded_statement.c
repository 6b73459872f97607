/* embedded_statement.c - reads statements of embedded copies, which are seen only when they run. */
#include "embedded/embedded_statement.h"

#include "locking/busy_handler.h"
#include "locking/file_shim.h"
#include "policy/program_settings.h"
#include "policy/statement_policy.h"
#include "policy/temp_memory.h"
#include "policy/upgrade.h"
#include "sqlite/callbacks.h"

#include <stdatomic.h>
#include <string.h>

#define SQLITE_CORE 1 /* the struct of sqlite3ext.h, without the macros that hide the functions */
#include <sqlite3ext.h>

/* Finds what the program has set as its busy handler or timeout since the last statement. */
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

void embedded_statement_begins(struct embedded_connection *embedded, sqlite3_stmt *stmt)
{
	struct connection *connection = embedded->connection;

	const char *sql = connection->sqlite->sql(stmt);

	/* sqlite3_deserialize() attaches before it closes the file */
	if (sql && (*sql | 0x20) == 'a')
		embedded->closing = false;
	look_at_busy_callback(embedded);
	temp_memory_begins(connection, sql);
	/* a statement that is interrupted here ends before it has done anything: the program gets SQLITE_INTERRUPT, because its
	 * transaction is gone */
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
	struct statement_plan plan;
	struct sql_text text;

	temp_memory_ended(connection);
	if (connection->shim && connection->sqlite->get_autocommit(connection->db))
		reservation_ended(connection->shim);
	if (!sql || !(interest >> statement_first_letter(sql, -1) & 1))
		return;
	text = sql_text_utf8(sql, -1);
	policy_before(connection, embedded->outermost ? PASSAGE_RAN_FIRST : PASSAGE_RAN_INSIDE, &text, 0, &plan);
	policy_after(connection, &text, &plan, sql, SQLITE_OK);
	if (plan.lost)
		embedded->lost = plan.lost;
	sqlite_forget_error(connection->sqlite, connection->db);
}
