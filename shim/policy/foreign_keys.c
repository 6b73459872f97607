/* foreign_keys.c - foreign_keys=ON by recipe: its flags, and when they are set. */
#include "policy/foreign_keys.h"

#include "base/log.h"
#include "connection/error_log.h"
#include "connection/outcome.h"
#include "connection/pragma.h"
#include "locking/file_shim.h"
#include "policy/begin.h"
#include "policy/foreign_keys_bulk.h"
#include "policy/foreign_keys_step.h"
#include "policy/foreign_keys_unkeyed.h"
#include "policy/foreign_keys_watch.h"

#include <stdlib.h>

bool foreign_keys_set(struct connection *connection, bool on)
{
	int now = !on;

	if (connection->sqlite->db_config)
		connection->sqlite->db_config(connection->db, SQLITE_DBCONFIG_ENABLE_FKEY, (int)on, &now);
	return now == on;
}

bool foreign_keys_are_on(struct connection *connection)
{
	int now = 0;

	if (connection->sqlite->db_config)
		connection->sqlite->db_config(connection->db, SQLITE_DBCONFIG_ENABLE_FKEY, -1, &now);
	return now;
}

void foreign_keys_defer(struct connection *connection)
{
	struct foreign_keys *keys = &connection->foreign_keys;

	if ((keys->moves || keys->scanned) && connection->sqlite->get_autocommit(connection->db)) {
		keys->moves = false;
		keys->scanned = 0;
	}
	foreign_keys_set_deferred(connection, true);
}

static bool is_returning(const struct sqlite *sqlite, sqlite3_stmt *stmt, const void *argument)
{
	(void)argument;
	return sqlite->stmt_busy(stmt) && sqlite->column_count(stmt) > 0 && !sqlite->stmt_readonly(stmt);
}

/* Is it one with RETURNING that takes the lock, outside of a transaction? */
static bool returns_rows(const struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;

	return connection->foreign_keys.has_returning && sqlite->stmt_busy && sqlite->get_autocommit(connection->db) &&
	       sqlite_find_statement(sqlite, connection->db, is_returning, NULL);
}

/* The connection is about to take the write lock of its main database. SQLite cleared the flag at the last COMMIT, and statements
 * that were compiled with it must run with it. */
static void before_write_lock(void *argument)
{
	struct connection *connection = argument;
	struct foreign_keys *keys = &connection->foreign_keys;

	if (!keys->ours)
		return;
	keys->scanned = 0;
	keys->moves = false;
	/* less orphans than none can be forgotten only where they wait for COMMIT: foreign_keys_returning.h */
	foreign_keys_set_deferred(connection, keys->bits->refuses_negative || !returns_rows(connection) || keys->program_defers);
	if (keys->left == FOREIGN_KEYS_OFF_UNTIL_LOCK) {
		foreign_keys_switch(connection, true);
		keys->left = FOREIGN_KEYS_LEFT_ON;
	}
}

void foreign_keys_leave_to_program(struct connection *connection)
{
	struct foreign_keys *keys = &connection->foreign_keys;

	if (!keys->ours)
		return;
	foreign_keys_set_deferred(connection, keys->program_defers);
	keys->ours = keys->defers = false;
	connection->outcomes[SETTING_FOREIGN_KEYS] =
		(struct outcome){.by = DECIDED_BY_PROGRAM, .wanted = VALUE_UNKNOWN, .got = VALUE_UNKNOWN};
	connection_update_interest(connection);
}

/* It turned them off by sqlite3_db_config(), which we do not see; and VACUUM has them off while it runs. */
static void found_off(struct connection *connection)
{
	if (!begin_may_be_vacuum(connection))
		foreign_keys_leave_to_program(connection);
}

/* Before SQLite rolls back what it refuses outside of a transaction, it still has the count. */
static void before_write_unlock(void *argument)
{
	struct connection *connection = argument;
	struct foreign_keys *keys = &connection->foreign_keys;

	if (connection->sqlite->get_autocommit(connection->db))
		keys->made = flag_bits_orphans(connection->db, keys->bits);
}

/* So that the flags are set again when the write lock is taken. */
static void follow_write_lock(struct connection *connection)
{
	if (!connection->shim || connection->shared_cache || connection->shim->writer_argument == connection)
		return;
	connection->shim->writer_argument = connection;
	atomic_store_explicit(&connection->shim->writer, before_write_lock, memory_order_relaxed);
	if (connection->foreign_keys.bits->refuses_negative)
		atomic_store_explicit(&connection->shim->writer_ends, before_write_unlock, memory_order_relaxed);
}

/* Puts the authorizer in front: for a program that only reads it would cost, and do nothing. */
static void arm(struct connection *connection)
{
	struct foreign_keys *keys = &connection->foreign_keys;

	if (!foreign_keys_are_on(connection)) {
		found_off(connection);
		return;
	}
	error_log_suspend();
	keys->bits = flag_bits_foreign_keys(connection->sqlite);
	error_log_resume();
	if (!keys->bits || !keys->bits->enabled.mask || !foreign_keys_is_switched_on(connection)) {
		keys->bits = NULL;
		keys->ours = false;
		foreign_keys_set(connection, false);
		outcome_note(connection, SETTING_FOREIGN_KEYS, FOREIGN_KEYS_OFF, "where this SQLite keeps its flag did not show");
		return;
	}
	keys->guarded = true;
	if (!keys->attempt)
		keys->attempt = malloc(sizeof(*keys->attempt));
	if (!keys->compiled)
		keys->compiled = malloc(sizeof(*keys->compiled));
	sqlite_want_steps();
	keys->defers = keys->bits->deferred.mask != 0;
	connection->sqlite->set_authorizer(connection->db, foreign_keys_authorize, connection);
	follow_write_lock(connection);
	foreign_keys_bulk_arm(connection);
	if (keys->defers)
		foreign_keys_step_arm(connection);
}

const char *foreign_keys_begin(struct connection *connection)
{
	if (!foreign_keys_set(connection, true))
		return "SQLite refused";
	connection->foreign_keys.ours = true;
	/* up to 3.24 the authorizer ends the statements that run when it is set */
	if (connection->sqlite->minor < 25)
		arm(connection);
	return connection->foreign_keys.ours ? NULL : "where this SQLite keeps its flag did not show";
}

bool foreign_keys_arm(struct connection *connection)
{
	if (connection->foreign_keys.ours && !connection->foreign_keys.guarded)
		arm(connection);
	return connection->foreign_keys.ours && connection->foreign_keys.guarded;
}

/* Do foreign keys, or our authorizer, have to do with it? */
static bool concerns(const struct sql_text *text, const struct statement *statement)
{
	switch (statement->kind) {
	case STATEMENT_WRITE:
	case STATEMENT_REPLACE:
	case STATEMENT_DROP_TABLE:
	case STATEMENT_ALTER:
	case STATEMENT_EXPLAIN:
		return true;
	case STATEMENT_PRAGMA:
		return span_is(text, statement->name, "foreign_keys") || span_is(text, statement->name, "defer_foreign_keys");
	default:
		return false;
	}
}

void foreign_keys_before(struct connection *connection, const struct sql_text *text, const struct statement *statement, bool is_v1)
{
	struct foreign_keys *keys = &connection->foreign_keys;

	if (keys->watch)
		watch_forget(connection);
	/* one of sqlite3_prepare() does not survive that the authorizer is set */
	if (keys->ours && !keys->guarded && (is_v1 || concerns(text, statement)))
		arm(connection);
	keys->prepares_once = is_v1;
	if (statement->kind != STATEMENT_OTHER)
		keys->rolled_back = false;
	foreign_keys_enter(connection);
}

void foreign_keys_enter(struct connection *connection)
{
	struct foreign_keys *keys = &connection->foreign_keys;

	if (!keys->ours || !keys->guarded)
		return;
	if (keys->left == FOREIGN_KEYS_LEFT_ON && !foreign_keys_is_switched_on(connection)) {
		found_off(connection);
		return;
	}
	follow_write_lock(connection);
	foreign_keys_unkeyed_end(connection);
	keys->left = FOREIGN_KEYS_LEFT_ON;
	foreign_keys_switch(connection, true);
	foreign_keys_defer(connection);
	if (keys->miscounts)
		flag_bits_forget_orphans(connection->db, keys->bits);
}

bool foreign_keys_suspend(struct connection *connection)
{
	if (!foreign_keys_arm(connection))
		return false;
	foreign_keys_switch(connection, false);
	connection->foreign_keys.ours = false;
	return true;
}

void foreign_keys_resume(struct connection *connection)
{
	struct foreign_keys *keys = &connection->foreign_keys;

	keys->ours = true;
	keys->left = FOREIGN_KEYS_LEFT_ON;
	foreign_keys_switch(connection, true);
	/* what waits may not have been counted right */
	flag_bits_forget_orphans(connection->db, keys->bits);
	foreign_keys_enter(connection);
}

void foreign_keys_program_defers(struct connection *connection)
{
	struct foreign_keys *keys = &connection->foreign_keys;

	if (!keys->bits && !connection_is_embedded(connection))
		keys->bits = flag_bits_foreign_keys(connection->sqlite);
}

void foreign_keys_closing(struct connection *connection)
{
	/* The authorizer stays: to set it makes statements expire, which SQLite does not compile again on a closed connection. */
	if (connection->shim && connection->shim->writer_argument == connection) {
		atomic_store_explicit(&connection->shim->writer, (void (*)(void *))NULL, memory_order_relaxed);
		atomic_store_explicit(&connection->shim->writer_ends, (void (*)(void *))NULL, memory_order_relaxed);
	}
}
