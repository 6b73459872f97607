/* foreign_keys.c - foreign_keys=ON by recipe: its flags, the authorizer, and statements that SQLite compiles by itself. */
#include "policy/foreign_keys.h"

#include "base/log.h"
#include "connection/outcome.h"
#include "connection/pragma.h"
#include "locking/file_shim.h"
#include "policy/begin.h"
#include "policy/foreign_keys_watch.h"
#include "sqlite/callbacks.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The name of no database. */
#define MARK "sqlprod: compiling"

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

void foreign_keys_switch(struct connection *connection, bool on)
{
	flag_bit_set(connection->db, connection->foreign_keys.bits->enabled, on);
}

static bool is_switched_on(const struct connection *connection)
{
	return flag_bit_is_set(connection->db, connection->foreign_keys.bits->enabled);
}

static void set_deferred(struct connection *connection, bool on)
{
	if (connection->foreign_keys.defers)
		flag_bit_set(connection->db, connection->foreign_keys.bits->deferred, on);
}

/* The connection is about to take the write lock of its main database. SQLite cleared the flag at the last COMMIT, and statements
 * that were compiled with it must run with it. */
static void before_write_lock(void *argument)
{
	struct connection *connection = argument;
	struct foreign_keys *keys = &connection->foreign_keys;

	if (!keys->ours)
		return;
	set_deferred(connection, true);
	if (keys->left == FOREIGN_KEYS_OFF_UNTIL_LOCK) {
		foreign_keys_switch(connection, true);
		keys->left = FOREIGN_KEYS_LEFT_ON;
	}
}

const char *foreign_keys_begin(struct connection *connection)
{
	if (!foreign_keys_set(connection, true))
		return "SQLite refused";
	connection->foreign_keys.ours = true;
	return NULL;
}

void foreign_keys_leave_to_program(struct connection *connection)
{
	struct foreign_keys *keys = &connection->foreign_keys;

	if (!keys->ours)
		return;
	set_deferred(connection, keys->told_to_defer || keys->told_outside);
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

/* Puts the authorizer in front: for a program that only reads it would cost, and do nothing. */
static void arm(struct connection *connection)
{
	struct foreign_keys *keys = &connection->foreign_keys;

	if (!foreign_keys_are_on(connection)) {
		found_off(connection);
		return;
	}
	keys->bits = flag_bits_foreign_keys(connection->sqlite);
	if (!keys->bits || !keys->bits->enabled.mask || !is_switched_on(connection)) {
		keys->bits = NULL;
		keys->ours = false;
		foreign_keys_set(connection, false);
		outcome_note(connection, SETTING_FOREIGN_KEYS, FOREIGN_KEYS_OFF, "where this SQLite keeps its flag did not show");
		return;
	}
	keys->guarded = true;
	keys->defers = keys->bits->deferred.mask != 0;
	connection->sqlite->set_authorizer(connection->db, foreign_keys_authorize, connection);
	if (connection->shim && !connection->shared_cache) {
		connection->shim->writer_argument = connection;
		atomic_store_explicit(&connection->shim->writer, before_write_lock, memory_order_relaxed);
	}
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

	/* one of sqlite3_prepare() does not survive that the authorizer is set */
	if (keys->ours && !keys->guarded && (is_v1 || concerns(text, statement)))
		arm(connection);
	if (statement->kind != STATEMENT_PRAGMA)
		keys->told_outside = false;
	foreign_keys_enter(connection);
}

void foreign_keys_enter(struct connection *connection)
{
	struct foreign_keys *keys = &connection->foreign_keys;

	if (!keys->ours || !keys->guarded)
		return;
	if (keys->left == FOREIGN_KEYS_LEFT_ON && !is_switched_on(connection)) {
		found_off(connection);
		return;
	}
	keys->left = FOREIGN_KEYS_LEFT_ON;
	keys->compiling = 0;
	foreign_keys_switch(connection, true);
	set_deferred(connection, true);
	if (keys->miscounts)
		flag_bits_forget_orphans(connection->db, keys->bits);
}

void foreign_keys_closing(struct connection *connection)
{
	/* The authorizer stays: to set it makes statements expire, which SQLite does not compile again on a closed connection. */
	if (connection->shim && connection->shim->writer_argument == connection)
		atomic_store_explicit(&connection->shim->writer, (void (*)(void *))NULL, memory_order_relaxed);
}

static bool any_is_running(const struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;
	sqlite3_stmt *stmt = NULL;

	if (!sqlite->next_stmt || !sqlite->stmt_busy)
		return true;
	while ((stmt = sqlite->next_stmt(connection->db, stmt)))
		if (sqlite->stmt_busy(stmt))
			return true;
	return false;
}

/* May the statement that SQLite compiles by itself be one that replaces rows? The authorizer does not see its text. */
static bool may_replace(const struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;
	sqlite3_stmt *stmt = NULL;
	struct statement statement;
	struct sql_text text;
	const char *sql;

	if (!connection->foreign_keys.replaces || !sqlite->next_stmt || !sqlite->sql)
		return connection->foreign_keys.replaces;
	while ((stmt = sqlite->next_stmt(connection->db, stmt))) {
		sql = sqlite->sql(stmt);
		if (!sql)
			return true; /* of sqlite3_prepare(), up to 3.14 */
		text = sql_text_utf8(sql, -1);
		statement_read(&text, 0, &statement);
		if (statement.kind == STATEMENT_REPLACE ||
		    (statement.kind == STATEMENT_WRITE && statement.verb == WRITE_INSERT && strcasestr(sql, "conflict")))
			return true;
	}
	return false;
}

/* Has kept statements compiled again. Up to 3.24 that ends those that run. */
static void expire(struct connection *connection)
{
	if (strtol(connection->sqlite->version + 2, NULL, 10) > 30 || !any_is_running(connection))
		connection->sqlite->set_authorizer(connection->db, foreign_keys_authorize, connection);
}

/* The program sets foreign_keys. Inside a transaction SQLite does nothing; but without us they would be off there. */
static void see_foreign_keys(struct connection *connection, const char *value)
{
	bool inside = !connection->sqlite->get_autocommit(connection->db), on = pragma_is_true(value);

	if (inside && on)
		return;
	foreign_keys_leave_to_program(connection);
	if (inside) {
		foreign_keys_switch(connection, false);
		flag_bits_forget_orphans(connection->db, connection->foreign_keys.bits);
		expire(connection);
	}
}

static void see_pragma(struct connection *connection, const char *name, const char *value)
{
	struct foreign_keys *keys = &connection->foreign_keys;

	if (strcasecmp(name, "foreign_keys") == 0 && value) {
		see_foreign_keys(connection, value);
	} else if (strcasecmp(name, "defer_foreign_keys") == 0 && value) {
		keys->told_to_defer = pragma_is_true(value) && !connection->sqlite->get_autocommit(connection->db);
		keys->told_outside = pragma_is_true(value);
	} else if (strcasecmp(name, "defer_foreign_keys") == 0) {
		keys->told_to_defer &= !connection->sqlite->get_autocommit(connection->db);
		set_deferred(connection, keys->told_to_defer);
	}
}

/* SQLite clears the connection's error once a compile is over: an error of our own that is still there tells that this call of the
 * authorizer belongs to the same compile as the last. */
static bool is_marked(const struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;
	const char *message =
		sqlite->errmsg && sqlite->errcode(connection->db) == SQLITE_ERROR ? sqlite->errmsg(connection->db) : NULL;

	return message && strstr(message, MARK);
}

/* A checkpoint of a database that is not there does nothing else. */
static bool mark(const struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;

	if (sqlite->wal_checkpoint_v2)
		sqlite->wal_checkpoint_v2(connection->db, MARK, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	return is_marked(connection);
}

static void leave_off(struct connection *connection)
{
	foreign_keys_switch(connection, false);
	connection->foreign_keys.miscounts = true;
	connection_update_interest(connection);
	connection->foreign_keys.left = FOREIGN_KEYS_OFF_UNTIL_LOCK;
}

/* SQLite compiles a statement by itself, and has come to what that does first. */
static void begin_uncalled(struct connection *connection, const struct watched_write *write)
{
	struct foreign_keys *keys = &connection->foreign_keys;

	keys->compiling = write->action;
	keys->compiling_table = write->table;
	/* a DELETE looks at the flag before it asks the authorizer: it is too late to turn it on */
	if (keys->left == FOREIGN_KEYS_OFF_UNTIL_LOCK && write->action != SQLITE_DELETE) {
		foreign_keys_switch(connection, true);
		keys->left = FOREIGN_KEYS_LEFT_ON;
	}
	set_deferred(connection, true);
	if (is_switched_on(connection) && watch_would_be_harmful(connection, write, may_replace(connection)))
		leave_off(connection);
	if (!mark(connection))
		leave_off(connection);
}

static void see_uncalled(struct connection *connection, const struct watched_write *write)
{
	struct foreign_keys *keys = &connection->foreign_keys;

	if (keys->left == FOREIGN_KEYS_LEFT_ON && !is_switched_on(connection))
		return; /* VACUUM, or the program by sqlite3_db_config() */
	if (!is_marked(connection)) {
		begin_uncalled(connection, write);
	} else if (write->action == SQLITE_UPDATE && keys->compiling != SQLITE_DELETE && keys->compiling_table == write->table) {
		/* the next column, or an upsert's */
		if (is_switched_on(connection) &&
		    watch_would_be_harmful(connection, write, keys->compiling == SQLITE_INSERT || may_replace(connection)))
			leave_off(connection);
		mark(connection);
	}
}

static void see(struct connection *connection, int action, const char *first, const char *second, const char *schema,
		const char *trigger)
{
	struct foreign_keys *keys = &connection->foreign_keys;

	switch (action) {
	case SQLITE_PRAGMA:
		see_pragma(connection, first, second);
		break;
	case SQLITE_DROP_TABLE:
	case SQLITE_DROP_TEMP_TABLE:
		if (keys->watch) {
			watch_see(keys->watch, action, first, second, schema, trigger);
		} else if (is_switched_on(connection)) {
			leave_off(connection);
			flag_bits_forget_orphans(connection->db, keys->bits);
		}
		break;
	case SQLITE_READ:
	case SQLITE_INSERT:
	case SQLITE_DELETE:
	case SQLITE_UPDATE:
		if (keys->watch)
			watch_see(keys->watch, action, first, second, schema, trigger);
		else if (action != SQLITE_READ && !trigger && !watch_is_internal(first))
			see_uncalled(connection, &(struct watched_write){action, schema, first,
									 action == SQLITE_UPDATE ? second : NULL, false});
		break;
	default:
		break;
	}
}

int foreign_keys_authorize(void *argument, int action, const char *first, const char *second, const char *schema,
			   const char *trigger)
{
	struct connection *connection = argument;
	const struct authorizer_callback *program = &connection->authorizer;
	const struct foreign_keys *keys = &connection->foreign_keys;
	int rc = SQLITE_OK;

	/* as in each SELECT */
	if (!keys->watch && !program->authorizer && (action == SQLITE_READ || action == SQLITE_SELECT))
		return SQLITE_OK;
	if (keys->watch && keys->watch->mode == WATCH_PROBE) {
		watch_see(keys->watch, action, first, second, schema, trigger);
		return SQLITE_OK;
	}
	if (connection->callbacks_suspended)
		return SQLITE_OK;
	if (program->authorizer)
		rc = callbacks_authorize(connection, action, first, second, schema, trigger);
	if (keys->watch && action == SQLITE_READ && rc == SQLITE_IGNORE)
		keys->watch->ignored++;
	if (keys->ours && rc != SQLITE_DENY && (rc == SQLITE_OK || action != SQLITE_PRAGMA))
		see(connection, action, first, second, schema, trigger);
	return rc;
}
