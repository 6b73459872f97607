/* foreign_keys_authorize.c - foreign_keys=ON by recipe: the authorizer, which sees every compile of a connection. */
#include "base/guard.h"
#include "connection/callbacks.h"
#include "connection/error_log.h"
#include "connection/pragma.h"
#include "policy/foreign_keys.h"
#include "policy/foreign_keys_harm.h"
#include "policy/foreign_keys_step.h"
#include "policy/foreign_keys_watch.h"

#include <strings.h>

/* Has kept statements compiled again. Up to 3.24 that ends those that run. */
static void expire(struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;

	if (sqlite->minor > 30 || (sqlite->stmt_busy && sqlite->next_stmt && !sqlite_runs_statement(sqlite, connection->db)))
		sqlite->set_authorizer(connection->db, foreign_keys_authorize, connection);
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
		foreign_keys_set_deferred(connection, true);
		keys->program_defers = pragma_is_true(value);
	} else if (strcasecmp(name, "defer_foreign_keys") == 0) {
		foreign_keys_set_deferred(connection, keys->program_defers);
	}
}

/* A compile that no hook has begun, of a program that does not call our sqlite3_step(), or of SQLite's own. Whether it could do
 * harm with foreign keys is not known; when it ends does not show. (A DELETE has looked at the flag before it asks us, and harms
 * no less with it off.) */
static void leave_off(struct connection *connection)
{
	foreign_keys_switch(connection, false);
	connection->foreign_keys.miscounts = true;
	connection_update_interest(connection);
	connection->foreign_keys.left = FOREIGN_KEYS_OFF_UNTIL_LOCK;
}

/* Returns the answer, which was the program's. */
static int see_unasked(struct connection *connection, int action, const char *first, const char *second, const char *schema,
		       const char *trigger, int answer)
{
	struct foreign_keys *keys = &connection->foreign_keys;

	if (!keys->guarded)
		return answer; /* we are here for the program's authorizer */
	if (keys->left == FOREIGN_KEYS_LEFT_ON && !foreign_keys_is_switched_on(connection))
		return answer; /* VACUUM, or the program by sqlite3_db_config() */
	foreign_keys_set_deferred(connection, true);
	if (!foreign_keys_prepares(connection) && foreign_keys_step_compiles(connection))
		return foreign_keys_attempt_see(&foreign_keys_stepping.attempt, action, first, second, schema, trigger, answer);
	if (foreign_keys_preparing.connection == connection)
		return foreign_keys_attempt_see(&foreign_keys_preparing, action, first, second, schema, trigger, answer);
	if (action == SQLITE_DROP_TABLE || action == SQLITE_DROP_TEMP_TABLE) {
		leave_off(connection);
		flag_bits_forget_orphans(connection->db, keys->bits);
	} else if ((action == SQLITE_INSERT || action == SQLITE_UPDATE || action == SQLITE_DELETE) && !trigger &&
		   !watch_is_internal(first)) {
		leave_off(connection);
	}
	return answer;
}

/* What else is compiled would be for nothing, and may be much. */
static int deny(struct connection *connection, struct foreign_key_watch *watch)
{
	if (!watch->denied) {
		error_log_suspend();
		foreign_keys_harm_seen(connection, watch);
	}
	watch->denied = true;
	return SQLITE_DENY;
}

/* Is the compile that of a statement which is stepped, since the watch began? A callback may have left that by longjmp(). */
static bool is_of_step(struct connection *connection, const struct foreign_key_watch *watch)
{
	return watch->mode == WATCH_PROGRAM && watch->inside != foreign_keys_stepping.stmt &&
	       foreign_keys_step_compiles(connection);
}

/* Returns the answer, which was the program's. */
static int see(struct connection *connection, int action, const char *first, const char *second, const char *schema,
	       const char *trigger, int answer)
{
	struct foreign_keys *keys = &connection->foreign_keys;

	switch (action) {
	case SQLITE_PRAGMA:
		see_pragma(connection, first, second);
		return answer;
	case SQLITE_ALTER_TABLE:
	case SQLITE_DROP_TABLE:
	case SQLITE_DROP_TEMP_TABLE:
	case SQLITE_READ:
	case SQLITE_INSERT:
	case SQLITE_DELETE:
	case SQLITE_UPDATE:
		if (!keys->watch || is_of_step(connection, keys->watch))
			return see_unasked(connection, action, first, second, schema, trigger, answer);
		/* SQLite has cleared it if the compile began by reading the schema */
		foreign_keys_set_deferred(connection, true);
		watch_see(keys->watch, action, first, second, schema, trigger);
		return keys->watch->mode == WATCH_PROGRAM && watch_is_harmful_for_certain(keys->watch)
			       ? deny(connection, keys->watch)
			       : answer;
	default:
		return answer;
	}
}

static __attribute__((noinline)) int authorize(struct connection *connection, int action, const char *first, const char *second,
					       const char *schema, const char *trigger)
{
	const struct authorizer_callback *program = &connection->authorizer;
	const struct foreign_keys *keys = &connection->foreign_keys;
	int answer = SQLITE_OK;

	if (keys->watch && keys->watch->mode == WATCH_PROBE) {
		watch_see(keys->watch, action, first, second, schema, trigger);
		return SQLITE_OK;
	}
	if (connection->callbacks_suspended)
		return SQLITE_OK;
	if (program->authorizer)
		answer = callbacks_authorize(connection, action, first, second, schema, trigger);
	if (keys->watch && action == SQLITE_READ && answer == SQLITE_IGNORE)
		keys->watch->ignored++;
	if (keys->ours && answer != SQLITE_DENY && (answer == SQLITE_OK || action != SQLITE_PRAGMA))
		answer = see(connection, action, first, second, schema, trigger, answer);
	return answer;
}

/* Is it a question for the attempt that this thread has under way, and nothing else to be looked at? */
static inline bool is_of_attempt(const struct connection *connection, int action)
{
	const struct foreign_keys *keys = &connection->foreign_keys;

	return foreign_keys_prepares(connection) && foreign_keys_preparing.state <= ATTEMPT_WATCHED &&
	       (action == SQLITE_READ || action == SQLITE_UPDATE || action == SQLITE_DELETE || action == SQLITE_INSERT) &&
	       keys->ours && keys->left == FOREIGN_KEYS_LEFT_ON && !connection->callbacks_suspended &&
	       foreign_keys_is_switched_on(connection);
}

int foreign_keys_authorize(void *argument, int action, const char *first, const char *second, const char *schema,
			   const char *trigger)
{
	struct connection *connection = argument;

	/* a callback has left that compile by longjmp() */
	if (connection->foreign_keys.watch && guard_depth == 0)
		connection->foreign_keys.watch = NULL;
	/* nearly every question ends here */
	if (!connection->foreign_keys.watch && !connection->authorizer.authorizer) {
		bool reads = action == SQLITE_READ || action == SQLITE_SELECT;

		if (reads && foreign_keys_preparing.state != ATTEMPT_WATCHED && foreign_keys_preparing.state != ATTEMPT_INSERTS &&
		    !foreign_keys_stepping.attempt.connection)
			return SQLITE_OK;
		if (!reads && foreign_keys_attempt_begins(connection, action, first, trigger))
			return SQLITE_OK;
		if (is_of_attempt(connection, action)) {
			foreign_keys_set_deferred(connection, true);
			return foreign_keys_attempt_see(&foreign_keys_preparing, action, first, second, schema, trigger, SQLITE_OK);
		}
	}
	return authorize(connection, action, first, second, schema, trigger);
}
