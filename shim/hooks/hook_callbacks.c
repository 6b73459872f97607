/* hook_callbacks.c - the hooks of functions that set a connection's callbacks and its busy timeout. */
#include "base/guard.h"
#include "connection/callbacks.h"
#include "connection/trace.h"
#include "hooks/hook.h"
#include "policy/program_settings.h"
#include "policy/statement_policy.h"

HOOK int sqlite3_busy_timeout(sqlite3 *db, int milliseconds)
{
	const struct sqlite *sqlite;
	struct connection *connection = hook_enter(db, "sqlite3_busy_timeout", HOOK_CALLER, HOOK_FRAME, &sqlite);
	int rc;

	if (!connection)
		return sqlite ? sqlite->busy_timeout(db, milliseconds) : SQLITE_MISUSE;
	rc = program_busy_timeout(connection, milliseconds);
	hook_leave(connection);
	return rc;
}

HOOK int sqlite3_busy_handler(sqlite3 *db, int (*handler)(void *, int), void *argument)
{
	const struct sqlite *sqlite;
	struct connection *connection = hook_enter(db, "sqlite3_busy_handler", HOOK_CALLER, HOOK_FRAME, &sqlite);
	int rc;

	if (!connection)
		return sqlite ? sqlite->busy_handler(db, handler, argument) : SQLITE_MISUSE;
	rc = program_busy_handler(connection, handler, argument);
	hook_leave(connection);
	return rc;
}

HOOK int sqlite3_set_authorizer(sqlite3 *db, int (*authorizer)(void *, int, const char *, const char *, const char *, const char *),
				void *argument)
{
	const struct sqlite *sqlite;
	struct connection *connection = hook_enter(db, "sqlite3_set_authorizer", HOOK_CALLER, HOOK_FRAME, &sqlite);
	int rc;

	if (!connection)
		return sqlite ? sqlite->set_authorizer(db, authorizer, argument) : SQLITE_MISUSE;
	rc = policy_set_authorizer(connection, authorizer, argument);
	hook_leave(connection);
	return rc;
}

HOOK int sqlite3_trace_v2(sqlite3 *db, unsigned mask, int (*trace)(unsigned, void *, void *, void *), void *argument)
{
	const struct sqlite *sqlite;
	struct connection *connection = hook_enter(db, "sqlite3_trace_v2", HOOK_CALLER, HOOK_FRAME, &sqlite);
	int rc;

	if (!connection)
		return sqlite ? sqlite->trace_v2(db, mask, trace, argument) : SQLITE_MISUSE;
	rc = trace_set_v2(connection, mask, trace, argument);
	hook_leave(connection);
	return rc;
}

HOOK void *sqlite3_trace(sqlite3 *db, void (*trace)(void *, const char *), void *argument)
{
	const struct sqlite *sqlite;
	struct connection *connection = hook_enter(db, "sqlite3_trace", HOOK_CALLER, HOOK_FRAME, &sqlite);
	void *old;

	if (!connection)
		return sqlite ? sqlite->trace(db, trace, argument) : NULL;
	old = trace_set(connection, trace, argument);
	hook_leave(connection);
	return old;
}

HOOK void *sqlite3_profile(sqlite3 *db, void (*profile)(void *, const char *, sqlite3_uint64), void *argument)
{
	const struct sqlite *sqlite;
	struct connection *connection = hook_enter(db, "sqlite3_profile", HOOK_CALLER, HOOK_FRAME, &sqlite);
	void *old;

	if (!connection)
		return sqlite ? sqlite->profile(db, profile, argument) : NULL;
	old = trace_set_profile(connection, profile, argument);
	hook_leave(connection);
	return old;
}

HOOK void *sqlite3_commit_hook(sqlite3 *db, int (*hook)(void *), void *argument)
{
	const struct sqlite *sqlite;
	struct connection *connection = hook_enter(db, "sqlite3_commit_hook", HOOK_CALLER, HOOK_FRAME, &sqlite);
	void *old;

	if (!connection)
		return sqlite ? sqlite->commit_hook(db, hook, argument) : NULL;
	old = callbacks_commit_hook(connection, hook, argument);
	hook_leave(connection);
	return old;
}

HOOK void *sqlite3_rollback_hook(sqlite3 *db, void (*hook)(void *), void *argument)
{
	const struct sqlite *sqlite;
	struct connection *connection = hook_enter(db, "sqlite3_rollback_hook", HOOK_CALLER, HOOK_FRAME, &sqlite);
	void *old;

	if (!connection)
		return sqlite ? sqlite->rollback_hook(db, hook, argument) : NULL;
	old = callbacks_rollback_hook(connection, hook, argument);
	hook_leave(connection);
	return old;
}

HOOK void sqlite3_progress_handler(sqlite3 *db, int steps, int (*handler)(void *), void *argument)
{
	const struct sqlite *sqlite;
	struct connection *connection = hook_enter(db, "sqlite3_progress_handler", HOOK_CALLER, HOOK_FRAME, &sqlite);

	if (connection) {
		callbacks_progress_handler(connection, steps, handler, argument);
		hook_leave(connection);
	} else if (sqlite) {
		sqlite->progress_handler(db, steps, handler, argument);
	}
}

HOOK void *sqlite3_wal_hook(sqlite3 *db, int (*hook)(void *, sqlite3 *, const char *, int), void *argument)
{
	const struct sqlite *sqlite;
	struct connection *connection = hook_enter(db, "sqlite3_wal_hook", HOOK_CALLER, HOOK_FRAME, &sqlite);
	void *old;

	if (!connection)
		return sqlite ? sqlite->wal_hook(db, hook, argument) : NULL;
	/* SQLite's own call, out of PRAGMA wal_autocheckpoint, sets its own hook */
	if (!sqlite_owns(sqlite, HOOK_CALLER))
		program_wal_hook(connection, hook != NULL);
	old = sqlite->wal_hook(db, hook, argument);
	hook_leave(connection);
	return old;
}

HOOK int sqlite3_wal_autocheckpoint(sqlite3 *db, int frames)
{
	const struct sqlite *sqlite;
	struct connection *connection = hook_enter(db, "sqlite3_wal_autocheckpoint", HOOK_CALLER, HOOK_FRAME, &sqlite);
	int rc;

	if (!connection)
		return sqlite ? sqlite->wal_autocheckpoint(db, frames) : SQLITE_MISUSE;
	rc = program_wal_autocheckpoint(connection, frames, sqlite_owns(sqlite, HOOK_CALLER));
	hook_leave(connection);
	return rc;
}
