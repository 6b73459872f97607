/* door.c - lets a call in, or past. */
#include "door.h"

#include "registry.h"

_Thread_local unsigned door_depth;

/* SQLite's own functions answer SQLITE_MISUSE for a handle that was closed; most of those that we would call on it do not look. */
static bool is_open(const struct sqlite *sqlite, sqlite3 *db)
{
	return !sqlite->errcode || sqlite->errcode(db) != SQLITE_MISUSE;
}

struct connection *door_enter(sqlite3 *db, const char *function, const void *caller, const struct sqlite **sqlite)
{
	struct connection *connection = registry_find(db);

	if (connection) {
		*sqlite = connection->sqlite;
	} else {
		*sqlite = sqlite_of_caller(function, caller);
		/* a handle that is only now being opened, or that its own SQLite uses and somebody opened out of sight */
		if (!*sqlite || !db || door_depth > 0 || sqlite_owns(*sqlite, caller) || !is_open(*sqlite, db))
			return NULL;
		door_depth++;
		connection = connection_adopt(*sqlite, db, "interposition, after it was opened out of sight");
		door_depth--;
	}
	if (!connection || connection->off || connection->behind || (door_depth > 0 && sqlite_owns(*sqlite, caller)))
		return NULL;
	door_depth++;
	connection_lock(connection);
	return connection;
}

void door_leave(struct connection *connection)
{
	connection_unlock(connection);
	door_depth--;
}
