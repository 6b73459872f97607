/* hook.h - what all hooks of sqlite3_* functions share.
 *
 * A hook finds the connection's record, asks policy, and calls the original function of the copy that opened the handle. */
#ifndef SQLPROD_HOOKS_HOOK_H
#define SQLPROD_HOOKS_HOOK_H

#include "connection/connection.h"

/* The connection, with its mutex held and guard_depth raised, until hook_leave(). NULL if the call must pass through to *sqlite,
 * which is NULL if there is no SQLite. A handle whose opening was not seen is adopted. */
struct connection *hook_enter(sqlite3 *db, const char *function, const void *caller, const void *frame,
			      const struct sqlite **sqlite);
/* The same for a caller that has looked the record up, and found it or not (NULL). */
struct connection *hook_enter_found(struct connection *connection, sqlite3 *db, const char *function, const void *caller,
				    const void *frame, const struct sqlite **sqlite);
void hook_leave(struct connection *connection);

/* While guard_depth is raised: does SQLite itself call, inside of our call of it? Such a call passes through. */
bool hook_is_inside(const struct connection *connection, const char *function, const void *caller, const void *frame);

/* Around the real sqlite3_open*(). While it runs, an automatic extension of the program may use the handle that is being opened. */
struct opening {
	const struct sqlite *sqlite;
	struct connection *connection; /* the record that such a use has made; NULL if there was none */
};
struct opening hook_open_enter(const struct sqlite *sqlite, const void *frame);
struct connection *hook_open_leave(const struct opening *outer);

#endif
