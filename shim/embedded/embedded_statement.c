/* embedded_statement.c - reads statements of embedded copies, which are seen only when they run. */
#include "embedded/embedded_statement.h"

#include "base/guard.h"
#include "embedded/nested_statements.h"
#include "locking/busy_handler.h"
#include "locking/busy_unshimmed.h"
#include "locking/file_shim.h"
#include "policy/attached.h"
#include "policy/program_settings.h"
#include "policy/rollback_journal.h"
#include "policy/statement_policy.h"
#include "policy/temp_memory.h"
#include "policy/upgrade.h"
#include "sql/first_words.h"
#include "sqlite/callbacks.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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
		/* a timeout as long as the recipe's shows only by the handler that SQLite puts in with it */
		if (now.timeout != connection->busy.timeout || connection->busy.handler || busy_handler_is_replaced(connection))
			program_busy_timeout(connection, now.timeout);
	} else if (now.handler) {
		if (now.handler != connection->busy.handler || now.argument != connection->busy.argument)
			program_found_busy_handler(connection, now.handler, now.argument);
	} else if (connection->busy.timeout || connection->busy.handler) {
		program_busy_timeout(connection, 0);
	}
}

bool embedded_statement_passes(const struct embedded_connection *embedded, sqlite3_stmt *stmt, const char *sql)
{
	unsigned letter;

	if (!embedded->passes)
		return false;
	letter = statement_first_letter(sql, -1);
	/* inside of another statement SQLite makes a comment of it */
	if (!letter)
		letter = statement_first_letter(embedded->connection->sqlite->sql(stmt), -1);
	return !connection_reads(embedded->connection, letter) && embedded_has_seen_busy(embedded);
}

static void remember_busy_callback(struct embedded_connection *embedded)
{
	const struct busy_offsets *busy = embedded->offsets->busy;
	int (*handler)(void *, int);

	if (!busy)
		return;
	embedded->busy_now = (const char *)embedded->connection->db + busy->handler;
	embedded->timeout_now = (const char *)embedded->connection->db + busy->timeout;
	memcpy(&embedded->busy, embedded->busy_now, sizeof(embedded->busy));
	memcpy(&embedded->busy_timeout, embedded->timeout_now, sizeof(embedded->busy_timeout));
	memcpy(&handler, &embedded->busy.callback, sizeof(handler));
	embedded->busy_is_ours = busy_handler_is_ours(handler);
}

/* Reads a statement that has run, or BEGIN as it starts, if it matters. */
static void read(struct embedded_connection *embedded, const char *sql)
{
	struct connection *connection = embedded->connection;
	struct statement_plan plan;
	struct sql_text text;

	if (!connection_reads(connection, statement_first_letter(sql, -1)))
		return;
	text = sql_text_utf8(sql, -1);
	policy_before(connection, embedded->outermost ? PASSAGE_RAN_FIRST : PASSAGE_RAN_INSIDE, &text, 0, &plan);
	policy_after(connection, &text, &plan, sql, SQLITE_OK);
	if (plan.lost)
		embedded->lost = plan.lost;
	sqlite_forget_error(connection->sqlite, connection->db);
}

static void read_unread(struct embedded_connection *embedded)
{
	char *sql = embedded->unread;

	embedded->unread = NULL;
	temp_memory_ended(embedded->connection);
	read(embedded, sql);
	rewrite_discard(sql, strlen(sql));
}

static bool is_running(const struct sqlite *sqlite, sqlite3_stmt *stmt, const void *argument)
{
	return stmt == argument && sqlite->stmt_busy(stmt);
}

/* Reads a statement that starts: BEGIN at once, as a blob may be opened next; what may decide something is kept until it has ended.
 */
static void read_quietly(struct embedded_connection *embedded, sqlite3_stmt *stmt, const char *sql)
{
	struct statement statement;

	if (!connection_reads(embedded->connection, statement_first_letter(sql, -1)) ||
	    (embedded->outermost && policy_begins_again(embedded->connection, sql, -1)))
		return;
	statement_read_utf8(sql, &statement);
	switch (statement.kind) {
	case STATEMENT_BEGIN:
		read(embedded, sql);
		break;
	case STATEMENT_PRAGMA:
	case STATEMENT_VACUUM:
	case STATEMENT_ALTER:
	case STATEMENT_INDEX:
	case STATEMENT_ATTACH:
	case STATEMENT_SAVEPOINT:
		embedded->unread = strdup(sql);
		embedded->running = stmt;
		break;
	default:
		break;
	}
}

/* PRAGMA temp_store and mmap_size answer as they are compiled, and a change of temp_store drops TEMP tables: what a statement has
 * changed of these is changed back before. */
static bool sees_pragmas(const struct connection *connection)
{
	return file_shim_serves(connection) && connection->shim->pragma;
}

static bool runs_still(const struct embedded_connection *embedded, const sqlite3_stmt *stmt)
{
	const struct connection *connection = embedded->connection;

	return sqlite_find_statement(connection->sqlite, connection->db, is_running, stmt);
}

/* Has the statement that was seen to start ended, now that another one starts, or it does anew? */
static bool has_ended(const struct embedded_connection *embedded, const sqlite3_stmt *seen, const sqlite3_stmt *stmt,
		      bool is_nested)
{
	return seen == stmt ? !is_nested : !runs_still(embedded, seen);
}

static bool is_attach(const char *sql)
{
	unsigned letter = statement_first_letter(sql, -1);
	struct statement statement;

	/* 0: a comment may precede it */
	if (letter && letter != LETTER_NUMBER('a'))
		return false;
	statement_read_utf8(sql, &statement);
	return statement.kind == STATEMENT_ATTACH;
}

/* What was attached is looked at before the next statement reads it. */
static void look_at_attached(struct embedded_connection *embedded, sqlite3_stmt *stmt, const char *sql, bool is_nested)
{
	if (embedded->attaching && has_ended(embedded, embedded->attaching, stmt, is_nested)) {
		embedded->attaching = NULL;
		attached_look(embedded->connection);
	}
	if (is_nested || !sql || !is_attach(sql))
		return;
	embedded->attaching = stmt;
	/* sqlite3_deserialize() attaches before it closes the file */
	embedded->closing = false;
}

void embedded_statement_begins(struct embedded_connection *embedded, sqlite3_stmt *stmt, const char *sql, bool is_nested)
{
	struct connection *connection = embedded->connection;
	const struct sqlite *sqlite = connection->sqlite;

	if (embedded->unread && has_ended(embedded, embedded->running, stmt, is_nested))
		read_unread(embedded);
	/* nearly all statements begin with a letter behind it at once */
	if (embedded->attaching || (sql && (*sql | 0x20) <= 'a'))
		look_at_attached(embedded, stmt, sql, is_nested);
	busy_unshimmed_seen(connection);
	if (!connection->shim && sql)
		rollback_journal_starts(connection, sql);
	look_at_busy_callback(embedded);
	remember_busy_callback(embedded);
	if (!embedded->quiet || sees_pragmas(connection))
		temp_memory_begins(connection, sql);
	/* a statement that is interrupted here ends before it has done anything: the program gets SQLITE_INTERRUPT, because its
	 * transaction is gone */
	if (embedded->lost && !upgrade_begin_again(connection, embedded->lost))
		embedded->copy->table->interruptx(connection->db);
	embedded->lost = NULL;
	if (embedded->unread)
		return;
	embedded->outermost = sqlite->get_autocommit(connection->db);
	if (embedded->quiet && sql)
		read_quietly(embedded, stmt, sql);
}

/* Is the database to stay in WAL mode, though the program sets a rollback journal? */
static bool stays_in_wal(struct embedded_connection *embedded)
{
	bool stays;

	embedded->inside = true;
	guard_enter(NULL);
	stays = !rollback_journal_is_free(embedded->connection);
	guard_leave();
	embedded->inside = false;
	return stays;
}

const char *embedded_statement_pragma(void *argument, const char *name, char *value)
{
	struct embedded_connection *embedded = argument;
	struct connection *connection = embedded->connection;

	nested_statements_show(embedded);
	if (embedded->unread && !runs_still(embedded, embedded->running))
		temp_memory_ended(connection);
	/* not where it is ours */
	if (embedded->inside || connection->callbacks_suspended || connection->passthrough || !value ||
	    strcasecmp(name, "journal_mode") != 0 || !rollback_journal_is_named(value))
		return NULL;
	return stays_in_wal(embedded) ? "wal" : NULL;
}

void embedded_statement_ended(struct embedded_connection *embedded, sqlite3_stmt *stmt)
{
	struct connection *connection = embedded->connection;
	const char *sql = connection->sqlite->sql(stmt);

	temp_memory_ended(connection);
	if (connection->shim && connection->sqlite->get_autocommit(connection->db))
		reservation_ended(connection->shim);
	if (sql)
		read(embedded, sql);
}

void embedded_statement_last(struct embedded_connection *embedded)
{
	if (embedded->unread)
		read_unread(embedded);
}

void embedded_statement_forget(struct embedded_connection *embedded)
{
	if (embedded->unread)
		rewrite_discard(embedded->unread, strlen(embedded->unread));
	embedded->unread = NULL;
}

/* Is the write lock taken once a statement has run, and given back once another has? */
static bool upgrades(enum setting setting)
{
	const struct setting_value *value = settings_get(setting);

	return !value->keep && value->number != TRANSACTION_AUTO && value->number != TRANSACTION_RESERVE;
}

/* SQLite changes no journal mode back once the next statement has started. */
static bool is_journal_mode_overridden(const struct connection *connection)
{
	return connection->outcomes[SETTING_JOURNAL_MODE].by == DECIDED_BY_OPERATOR;
}

static bool is_another_running(const struct sqlite *sqlite, sqlite3_stmt *stmt, const void *argument)
{
	return stmt != argument && sqlite->stmt_busy(stmt);
}

bool embedded_statement_may_be_quiet(const struct embedded_connection *embedded, sqlite3_stmt *stmt)
{
	const struct connection *connection = embedded->connection;
	unsigned interest = atomic_load_explicit(&connection->interest, memory_order_relaxed);

	if (!(interest & INTEREST_QUIET) || !sees_pragmas(connection) || embedded->quiet)
		return interest & INTEREST_QUIET && sees_pragmas(connection);
	return !embedded->lost && connection->reached == REACHED_EMBEDDED && !connection->passthrough && !upgrades(SETTING_BEGIN) &&
	       !upgrades(SETTING_BEGIN_DEFERRED) && !is_journal_mode_overridden(connection) && connection->sqlite->stmt_busy &&
	       connection->sqlite->next_stmt &&
	       !sqlite_find_statement(connection->sqlite, connection->db, is_another_running, stmt);
}
