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

#endif
