/* hook.c - decides whether a call is served or passed through. */
#include "hooks/hook.h"

#include "base/guard.h"
#include "connection/registry.h"
#include "policy/lifecycle.h"

#include <string.h>

/* SQLite's interposed functions return SQLITE_MISUSE for a closed handle; most functions that we would call on it do not check. */
static bool is_open(const struct sqlite *sqlite, sqlite3 *db)
{
	return !sqlite->errcode || sqlite->errcode(db) != SQLITE_MISUSE;
}

/* What this thread is opening. Not on the stack: a callback may longjmp() out of it. */
static _Thread_local struct opening opening;

struct opening hook_open_enter(const struct sqlite *sqlite, const void *frame)
{
	struct opening outer = {.sqlite = NULL};

	guard_enter(frame);
	if (guard_depth > 1)
		outer = opening;
	opening = (struct opening){.sqlite = sqlite};
	return outer;
}

struct connection *hook_open_leave(const struct opening *outer)
{
	struct connection *connection = opening.connection;

	opening = *outer;
	return connection;
}

/* A handle without a record: one that is only now being opened, or that was opened out of sight. */
static struct connection *meet(const struct sqlite *sqlite, sqlite3 *db, const void *frame)
{
	struct connection *connection;

	if (guard_depth > 0 && !guard_was_unwound(frame)) {
		if (opening.sqlite && !opening.connection)
			opening.connection = lifecycle_opening(opening.sqlite, db);
		return opening.sqlite ? opening.connection : NULL;
	}
	if (!is_open(sqlite, db))
		return NULL;
	guard_enter(frame);
	connection = lifecycle_adopt(sqlite, db);
	guard_leave();
	return connection;
}

/* An automatic extension that ends by a call (return sqlite3_exec(…)) is left by a jump, and the caller seems to be SQLite. While
 * it opens a handle, SQLite itself calls no other of our hooks than those of the wal hook. */
static bool is_of_extension(const struct connection *connection, const char *function)
{
	return guard_depth == 1 && opening.sqlite && connection == opening.connection &&
	       strncmp(function, "sqlite3_wal_", sizeof("sqlite3_wal_") - 1) != 0;
}

static bool is_internal(const struct sqlite *sqlite, const struct connection *connection, const char *function, const void *caller)
{
	return sqlite_owns(sqlite, caller) && !is_of_extension(connection, function);
}

bool hook_is_inside(const struct connection *connection, const char *function, const void *caller, const void *frame)
{
	return is_internal(connection->sqlite, connection, function, caller) && !guard_was_unwound(frame);
}

struct connection *hook_enter_found(struct connection *connection, sqlite3 *db, const char *function, const void *caller,
				    const void *frame, const struct sqlite **sqlite)
{
	if (connection) {
		*sqlite = connection->sqlite;
	} else {
		*sqlite = guard_depth > 0 && opening.sqlite && sqlite_owns(opening.sqlite, caller)
				  ? opening.sqlite
				  : sqlite_of_caller(function, caller);
		/* one that its own SQLite uses passes, whoever opened it */
		if (!*sqlite || !db || is_internal(*sqlite, NULL, function, caller))
			return NULL;
		connection = meet(*sqlite, db, frame);
	}
	if (!connection || connection->passthrough || connection_is_embedded(connection) ||
	    (guard_depth > 0 && hook_is_inside(connection, function, caller, frame)))
		return NULL;
	guard_enter(frame);
	connection_lock(connection);
	return connection;
}

struct connection *hook_enter(sqlite3 *db, const char *function, const void *caller, const void *frame,
			      const struct sqlite **sqlite)
{
	return hook_enter_found(registry_find(db), db, function, caller, frame, sqlite);
}

void hook_leave(struct connection *connection)
{
	connection_unlock(connection);
	guard_leave();
}
