/* door.h - what the functions of the front door have in common.
 *
 * Each asks for the connection's record and calls the real function of the copy that made the handle. What a call means is decided
 * elsewhere. */
#ifndef SQLPROD_DOOR_H
#define SQLPROD_DOOR_H

#include "connection.h"

#define DOOR __attribute__((visibility("default")))
#define DOOR_CALLER __builtin_return_address(0)

/* How deep this thread is inside our own calls of SQLite. SQLite's internal calls of its exported functions come back to us
 * (Debian's is not linked with -Bsymbolic) and must pass; a callback of the program's may call us from there too, and must not. */
extern _Thread_local unsigned door_depth;

/* The connection to act for, with its mutex held and door_depth raised, to be ended by door_leave(). NULL if the call is to pass:
 * then *sqlite says where to, NULL if there is no SQLite. A handle that nobody saw opened is adopted. */
struct connection *door_enter(sqlite3 *db, const char *function, const void *caller, const struct sqlite **sqlite);
void door_leave(struct connection *connection);

#endif
