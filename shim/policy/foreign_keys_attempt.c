/* foreign_keys_attempt.c - watches compiles of statements that were not read. */
#include "policy/foreign_keys_attempt.h"

#include "connection/error_log.h"
#include "policy/foreign_keys.h"
#include "policy/foreign_keys_harm.h"
#include "policy/foreign_keys_update.h"
#include "policy/foreign_keys_watch.h"

_Thread_local struct foreign_keys_attempt foreign_keys_preparing;

static enum write_verb verb_of(int action)
{
	switch (action) {
	case SQLITE_INSERT:
		return WRITE_INSERT;
	case SQLITE_UPDATE:
		return WRITE_UPDATE;
	default:
		return WRITE_DELETE;
	}
}

static int deny(struct foreign_keys_attempt *attempt)
{
	if (attempt->state != ATTEMPT_DENIED)
		error_log_suspend();
	attempt->state = ATTEMPT_DENIED;
	return SQLITE_DENY;
}

/* As before each statement that is read: foreign_keys_enter(). */
static void forget_orphans(struct connection *connection)
{
	if (connection->foreign_keys.miscounts)
		flag_bits_forget_orphans(connection->db, connection->foreign_keys.bits);
}

/* The first question about a write: what it asks about is what the statement does. False if that cannot be watched from here. */
static bool begin(struct foreign_keys_attempt *attempt, int action)
{
	struct connection *connection = attempt->connection;
	struct foreign_keys *keys = &connection->foreign_keys;

	attempt->state = ATTEMPT_WATCHED;
	if (attempt == &foreign_keys_preparing)
		error_log_hold();
	forget_orphans(connection);
	watch_init(keys->attempt, verb_of(action), false);
	keys->attempt->mode = WATCH_PROBE;
	if (action == SQLITE_UPDATE && attempt->may_be_update_or)
		return false;
	if (keys->left == FOREIGN_KEYS_LEFT_ON)
		return true;
	/* a DELETE has looked at the flag before it asks */
	if (action == SQLITE_DELETE)
		return false;
	foreign_keys_switch(connection, true);
	keys->left = FOREIGN_KEYS_LEFT_ON;
	return true;
}

/* What was put off at the first question, as most INSERTs bring no second one. SQLite asks about an INSERT before all else of the
 * statement: were it compiled again, with another schema, that question would have come again, and been denied. */
static void begin_insert(struct foreign_keys_attempt *attempt)
{
	struct foreign_keys *keys = &attempt->connection->foreign_keys;

	attempt->state = ATTEMPT_WATCHED;
	watch_init(keys->attempt, WRITE_INSERT, false);
	watch_begin_probe(keys->attempt, SQLITE_INSERT, keys->inserted);
}

bool foreign_keys_attempt_begins(struct connection *connection, int action, const char *table, const char *trigger)
{
	struct foreign_keys *keys = &connection->foreign_keys;
	struct foreign_keys_attempt *attempt = &foreign_keys_preparing;

	if (!foreign_keys_prepares(connection) || attempt->state != ATTEMPT_UNASKED || trigger || !keys->ours ||
	    connection->callbacks_suspended || (action != SQLITE_INSERT && action != SQLITE_DELETE) || watch_is_internal(table) ||
	    keys->left != FOREIGN_KEYS_LEFT_ON || !foreign_keys_is_switched_on(connection))
		return false;
	foreign_keys_set_deferred(connection, true);
	forget_orphans(connection);
	error_log_hold();
	attempt->state = action == SQLITE_INSERT ? ATTEMPT_INSERTS : ATTEMPT_WATCHED;
	if (action == SQLITE_INSERT) {
		keys->inserted = table;
	} else {
		watch_init(keys->attempt, WRITE_DELETE, false);
		watch_begin_probe(keys->attempt, SQLITE_DELETE, table);
	}
	return true;
}

/* The statement's own UPDATE, of this column: is it still a known one? */
static void follow_update(const struct connection *connection, const char *schema, const char *table, const char *column)
{
	struct foreign_key_watch *watch = connection->foreign_keys.attempt;

	if (!*watch->table)
		watch->known = (unsigned char)foreign_keys_update_find(connection, schema, table);
	else if (strcmp(watch->table, table) != 0 || strcmp(watch->schema, schema ? schema : "") != 0)
		return;
	if (watch->known && !foreign_keys_update_sets(connection, watch->known, column))
		watch->known = 0;
}

/* Does it set off actions as its words have it, and no others? */
static bool is_known(const struct connection *connection, const struct foreign_key_watch *watch)
{
	return watch->known && !watch->ignored && !watch->by_triggers && !watch->replaces &&
	       !watch_may_miscount(connection, watch) && foreign_keys_update_holds(connection) &&
	       foreign_keys_update_find(connection, watch->schema, watch->table) == watch->known;
}

int foreign_keys_attempt_see(struct foreign_keys_attempt *attempt, int action, const char *first, const char *second,
			     const char *schema, const char *trigger, int answer)
{
	struct foreign_key_watch *watch = attempt->connection->foreign_keys.attempt;

	if (attempt->state == ATTEMPT_DECIDED ||
	    (action != SQLITE_READ && watch_is_internal(first) && action != SQLITE_ALTER_TABLE))
		return answer;
	if (attempt->state == ATTEMPT_DENIED || action == SQLITE_ALTER_TABLE || action == SQLITE_DROP_TABLE ||
	    action == SQLITE_DROP_TEMP_TABLE || (attempt->state == ATTEMPT_INSERTS && action == SQLITE_INSERT && !trigger))
		return deny(attempt);
	if (attempt->state == ATTEMPT_INSERTS)
		begin_insert(attempt);
	if (attempt->state == ATTEMPT_UNASKED && (action == SQLITE_READ || trigger))
		return answer;
	if (attempt->state == ATTEMPT_UNASKED && !begin(attempt, action))
		return deny(attempt);
	watch->ignored += action == SQLITE_READ && answer == SQLITE_IGNORE;
	if (action == SQLITE_UPDATE && attempt->connection->foreign_keys.updates && watch->verb == WRITE_UPDATE && !trigger)
		follow_update(attempt->connection, schema, first, second);
	watch_see(watch, action, first, second, schema, trigger);
	if (watch_is_clear(attempt->connection, watch) || is_known(attempt->connection, watch))
		return answer;
	attempt->is_harmful = watch_is_harmful_for_certain(watch);
	if (attempt->is_harmful)
		foreign_keys_harm_seen(attempt->connection, watch);
	return deny(attempt);
}

bool foreign_keys_attempt_failed(const struct foreign_keys_attempt *attempt, struct connection *connection, int rc)
{
	struct foreign_key_watch *watch = connection->foreign_keys.attempt;
	bool is_watched = attempt->state == ATTEMPT_WATCHED || attempt->state == ATTEMPT_INSERTS, failed;

	/* its table may be gone by now */
	if (attempt->state == ATTEMPT_INSERTS)
		watch_init(watch, WRITE_INSERT, false);
	failed = attempt->state == ATTEMPT_DENIED || (is_watched && foreign_keys_may_refuse_compile(connection, watch, rc));
	if (attempt->state == ATTEMPT_DENIED)
		error_log_resume();
	/* the failure that we have caused was not kept, nor that of a step, in which the statement may have run */
	error_log_release(!failed || attempt->state == ATTEMPT_DENIED);
	return failed;
}
