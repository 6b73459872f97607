/* hook.h - what the functions of the front door have in common.
 *
 * Each asks for the connection's record and calls the real function of the copy that made the handle. What a call means is decided
 * elsewhere. */
#ifndef SQLPROD_HOOKS_HOOK_H
#define SQLPROD_HOOKS_HOOK_H

#include "connection/connection.h"

/* The connection to act for, with its mutex held and guard_depth raised, to be ended by hook_leave(). NULL if the call is to pass:
 * then *sqlite says where to, NULL if there is no SQLite. A handle that nobody saw opened is adopted. */
struct connection *hook_enter(sqlite3 *db, const char *function, const void *caller, const void *frame,
			      const struct sqlite **sqlite);
void hook_leave(struct connection *connection);

/* Around the real sqlite3_open*(). While it runs, an automatic extension of the program may use the handle that is being opened. */
struct opening {
	const struct sqlite *sqlite;
	struct connection *connection; /* the record that such a use has made; NULL if there was none */
};
struct opening hook_open_enter(const struct sqlite *sqlite, const void *frame);
struct connection *hook_open_leave(const struct opening *outer);

#endif
