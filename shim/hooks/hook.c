/* hook.c - lets a call in, or past. */
#include "hooks/hook.h"

#include "base/guard.h"
#include "connection/registry.h"
#include "policy/lifecycle.h"

/* SQLite's own functions answer SQLITE_MISUSE for a handle that was closed; most of those that we would call on it do not look. */
static bool is_open(const struct sqlite *sqlite, sqlite3 *db)
{
	return !sqlite->errcode || sqlite->errcode(db) != SQLITE_MISUSE;
}

struct connection *hook_enter(sqlite3 *db, const char *function, const void *caller, const void *frame,
			      const struct sqlite **sqlite)
{
	struct connection *connection = registry_find(db);

	if (connection) {
		*sqlite = connection->sqlite;
	} else {
		*sqlite = sqlite_of_caller(function, caller);
		/* a handle that is only now being opened, or that its own SQLite uses and somebody opened out of sight */
		if (!*sqlite || !db || (guard_depth > 0 && !guard_was_unwound(frame)) || sqlite_owns(*sqlite, caller) ||
		    !is_open(*sqlite, db))
			return NULL;
		guard_enter(frame);
		connection = lifecycle_adopt(*sqlite, db, "interposition, after it was opened out of sight");
		guard_leave();
	}
	if (!connection || connection->off || connection->embedded ||
	    (guard_depth > 0 && sqlite_owns(*sqlite, caller) && !guard_was_unwound(frame)))
		return NULL;
	guard_enter(frame);
	connection_lock(connection);
	return connection;
}

void hook_leave(struct connection *connection)
{
	connection_unlock(connection);
	guard_leave();
}
