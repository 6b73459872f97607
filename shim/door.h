/* door.h - what the functions of the front door have in common.
 *
 * Each asks for the connection's record and calls the real function of the copy that made the handle. What a call means is decided
 * elsewhere. */
#ifndef SQLPROD_DOOR_H
#define SQLPROD_DOOR_H

#include "connection.h"

#define DOOR __attribute__((visibility("default")))
#define DOOR_CALLER __builtin_return_address(0)
/* Where its caller's frame ends: the same for all calls from one frame, lower for those further in. */
#define DOOR_FRAME __builtin_dwarf_cfa()

/* How deep this thread is inside our own calls of SQLite. SQLite's internal calls of its exported functions come back to us
 * (Debian's is not linked with -Bsymbolic) and must pass; a callback of the program's may call us from there too, and must not. */
extern _Thread_local unsigned door_depth;

/* Around our calls of SQLite. frame is that of the program's call (DOOR_FRAME), NULL if there is none that we know. A program may
 * leave them by longjmp() out of a callback: that is noticed at its next call that does not come from further in. */
void door_raise(const void *frame);

static inline void door_lower(void)
{
	door_depth -= door_depth > 0;
}

/* The connection to act for, with its mutex held and door_depth raised, to be ended by door_leave(). NULL if the call is to pass:
 * then *sqlite says where to, NULL if there is no SQLite. A handle that nobody saw opened is adopted. */
struct connection *door_enter(sqlite3 *db, const char *function, const void *caller, const void *frame,
			      const struct sqlite **sqlite);
void door_leave(struct connection *connection);

#endif
