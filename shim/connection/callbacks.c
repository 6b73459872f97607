/* callbacks.c - the callbacks that a program set on a connection. */
#include "connection/callbacks.h"

#include "connection/connection.h"
#include "connection/error_log.h"
#include "sqlite/callback_offsets.h"

/* Reads what the program may have changed out of our sight. */
static void refresh(struct connection *connection)
{
	const struct callback_offsets *offsets = connection->offsets;

	if (!offsets)
		return;
	callback_read_authorizer(offsets, connection->db, &connection->authorizer);
	callback_read_hooks(offsets, connection->db, &connection->hooks);
}

static void take_out(struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;
	const struct hook_callbacks *hooks = &connection->hooks;

	refresh(connection);
	if (connection->offsets)
		connection->hooks.trace_mask = callback_silence_traces(connection->offsets, connection->db);
	if (connection->offsets && connection->authorizer.authorizer)
		sqlite->set_authorizer(connection->db, NULL, NULL);
	if (hooks->commit)
		sqlite->commit_hook(connection->db, NULL, NULL);
	if (hooks->rollback)
		sqlite->rollback_hook(connection->db, NULL, NULL);
	if (hooks->progress)
		sqlite->progress_handler(connection->db, 0, NULL, NULL);
}

static void put_back(struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;
	const struct hook_callbacks *hooks = &connection->hooks;

	if (connection->offsets && connection->authorizer.authorizer)
		sqlite->set_authorizer(connection->db, connection->authorizer.authorizer, connection->authorizer.argument);
	if (hooks->commit)
		sqlite->commit_hook(connection->db, hooks->commit, hooks->commit_argument);
	if (hooks->rollback)
		sqlite->rollback_hook(connection->db, hooks->rollback, hooks->rollback_argument);
	if (hooks->progress)
		sqlite->progress_handler(connection->db, hooks->progress_steps, hooks->progress, hooks->progress_argument);
	if (connection->offsets)
		callback_restore_traces(connection->offsets, connection->db, hooks->trace_mask);
}

static bool is_inside(const struct connection *connection)
{
	return !connection->sqlite->get_autocommit(connection->db);
}

/* What PRAGMA defer_foreign_keys has set, SQLite clears where a statement ends outside of a transaction, which may be one of ours.
 */
static void note_deferred(struct connection *connection)
{
	const struct foreign_key_bits *bits = connection->foreign_keys.bits;

	connection->suspended_deferred = bits && bits->deferred.mask && flag_bit_is_set(connection->db, bits->deferred);
	connection->suspended_inside = connection->suspended_deferred && is_inside(connection);
}

/* Unless we have ended the program's transaction, and it with that. */
static void put_deferred_back(const struct connection *connection)
{
	if (connection->suspended_deferred && (!connection->suspended_inside || is_inside(connection)))
		flag_bit_set(connection->db, connection->foreign_keys.bits->deferred, true);
}

void callbacks_suspend(struct connection *connection)
{
	error_log_suspend();
	if (connection->callbacks_suspended++ > 0)
		return;
	note_deferred(connection);
	take_out(connection);
}

void callbacks_resume(struct connection *connection)
{
	error_log_resume();
	if (--connection->callbacks_suspended > 0)
		return;
	put_back(connection);
	put_deferred_back(connection);
}

void *callbacks_commit_hook(struct connection *connection, int (*hook)(void *), void *argument)
{
	connection->hooks.commit = hook;
	connection->hooks.commit_argument = argument;
	return connection->sqlite->commit_hook(connection->db, hook, argument);
}

void *callbacks_rollback_hook(struct connection *connection, void (*hook)(void *), void *argument)
{
	connection->hooks.rollback = hook;
	connection->hooks.rollback_argument = argument;
	return connection->sqlite->rollback_hook(connection->db, hook, argument);
}

void callbacks_progress_handler(struct connection *connection, int steps, int (*handler)(void *), void *argument)
{
	connection->hooks.progress = steps > 0 ? handler : NULL;
	connection->hooks.progress_argument = argument;
	connection->hooks.progress_steps = steps;
	connection->sqlite->progress_handler(connection->db, steps, handler, argument);
}

int callbacks_authorize(struct connection *connection, int action, const char *first, const char *second, const char *schema,
			const char *trigger)
{
	const struct authorizer_callback *program = &connection->authorizer;
	int answer =
		program->authorizer ? program->authorizer(program->argument, action, first, second, schema, trigger) : SQLITE_OK;

	/* SQLite accepts such a PRAGMA, and does nothing */
	if (action == SQLITE_PRAGMA && answer == SQLITE_IGNORE)
		connection->pragma_ignored = true;
	return answer;
}
