/* door.c - lets a call in, or past. */
#include "door.h"

#include "registry.h"

#include <stdint.h>

/* A stack further away is another one, of a coroutine. */
#define NEAR (1U << 20)

_Thread_local unsigned door_depth;
static _Thread_local const void *outermost; /* the frame that door_depth was raised from, while it is; NULL if it is not known */

/* Were the calls that we are in left without a word? */
static inline bool is_left(const void *frame)
{
	return (uintptr_t)frame - (uintptr_t)outermost < NEAR;
}

static inline void enter_from(const void *frame)
{
	if (door_depth > 0 && !is_left(frame)) {
		door_depth++;
		return;
	}
	door_depth = 1;
	outermost = frame;
}

void door_raise(const void *frame)
{
	enter_from(frame);
}

/* SQLite's own functions answer SQLITE_MISUSE for a handle that was closed; most of those that we would call on it do not look. */
static bool is_open(const struct sqlite *sqlite, sqlite3 *db)
{
	return !sqlite->errcode || sqlite->errcode(db) != SQLITE_MISUSE;
}

struct connection *door_enter(sqlite3 *db, const char *function, const void *caller, const void *frame,
			      const struct sqlite **sqlite)
{
	struct connection *connection = registry_find(db);

	if (connection) {
		*sqlite = connection->sqlite;
	} else {
		*sqlite = sqlite_of_caller(function, caller);
		/* a handle that is only now being opened, or that its own SQLite uses and somebody opened out of sight */
		if (!*sqlite || !db || (door_depth > 0 && !is_left(frame)) || sqlite_owns(*sqlite, caller) || !is_open(*sqlite, db))
			return NULL;
		enter_from(frame);
		connection = connection_adopt(*sqlite, db, "interposition, after it was opened out of sight");
		door_lower();
	}
	if (!connection || connection->off || connection->behind ||
	    (door_depth > 0 && sqlite_owns(*sqlite, caller) && !is_left(frame)))
		return NULL;
	enter_from(frame);
	connection_lock(connection);
	return connection;
}

void door_leave(struct connection *connection)
{
	connection_unlock(connection);
	door_lower();
}
