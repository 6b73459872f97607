/* foreign_keys_attempt.c - watches compiles of statements that were not read. */
#include "policy/foreign_keys_attempt.h"

#include "connection/callbacks.h"
#include "policy/foreign_keys.h"
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
		callbacks_log_suspend();
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
		callbacks_log_hold();
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

bool foreign_keys_attempt_begins(struct connection *connection, int action, const char *table, const char *trigger)
{
	struct foreign_keys *keys = &connection->foreign_keys;
	struct foreign_keys_attempt *attempt = &foreign_keys_preparing;

	if (attempt->connection != connection || attempt->state != ATTEMPT_UNASKED || trigger || !keys->ours ||
	    connection->callbacks_suspended || (action != SQLITE_INSERT && action != SQLITE_DELETE) || watch_is_internal(table) ||
	    keys->left != FOREIGN_KEYS_LEFT_ON || !foreign_keys_is_switched_on(connection))
		return false;
	foreign_keys_set_deferred(connection, true);
	forget_orphans(connection);
	attempt->state = ATTEMPT_WATCHED;
	callbacks_log_hold();
	watch_init(keys->attempt, verb_of(action), false);
	watch_begin_probe(keys->attempt, action, table);
	return true;
}

int foreign_keys_attempt_see(struct foreign_keys_attempt *attempt, int action, const char *first, const char *second,
			     const char *schema, const char *trigger, int answer)
{
	struct foreign_key_watch *watch = attempt->connection->foreign_keys.attempt;

	if (attempt->state == ATTEMPT_DECIDED ||
	    (action != SQLITE_READ && watch_is_internal(first) && action != SQLITE_ALTER_TABLE))
		return answer;
	if (attempt->state == ATTEMPT_DENIED || action == SQLITE_ALTER_TABLE || action == SQLITE_DROP_TABLE ||
	    action == SQLITE_DROP_TEMP_TABLE)
		return deny(attempt);
	if (attempt->state == ATTEMPT_UNASKED && (action == SQLITE_READ || trigger))
		return answer;
	if (attempt->state == ATTEMPT_UNASKED && !begin(attempt, action))
		return deny(attempt);
	watch->ignored += action == SQLITE_READ && answer == SQLITE_IGNORE;
	watch_see(watch, action, first, second, schema, trigger);
	if (watch_is_clear(attempt->connection, watch))
		return answer;
	attempt->is_harmful = watch_is_harmful_for_certain(watch);
	return deny(attempt);
}

bool foreign_keys_attempt_failed(const struct foreign_keys_attempt *attempt, struct connection *connection, int rc)
{
	bool failed = attempt->state == ATTEMPT_DENIED ||
		      (attempt->state == ATTEMPT_WATCHED &&
		       foreign_keys_may_refuse_compile(connection, connection->foreign_keys.attempt, rc));

	if (attempt->state == ATTEMPT_DENIED)
		callbacks_log_resume();
	/* the failure that we have caused was not kept, nor that of a step, in which the statement may have run */
	callbacks_log_release(!failed || attempt->state == ATTEMPT_DENIED);
	return failed;
}
