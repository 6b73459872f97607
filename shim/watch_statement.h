/* watch_statement.h - what the program's statements mean behind the second door, where they are seen when they run.
 *
 * Called from the trace callback, with the connection's mutex held. */
#ifndef SQLPROD_WATCH_STATEMENT_H
#define SQLPROD_WATCH_STATEMENT_H

#include "copy.h"

/* The argument of our callbacks, which SQLite keeps until the connection ends. */
struct watched {
	struct connection *connection;
	uint64_t serial; /* of that record */
	struct copy *copy;
	const struct slot_layout *slots;
	struct trace_slot theirs; /* what the program put into the trace slot, which has ours in front */
	bool inside;              /* a callback of ours is running statements */
	const char *lost;         /* SQLite rolled back the program's transaction under our upgrade: what begins it again, or "" */
	bool outermost;           /* the statement that began last did so outside of a transaction */
};

/* A statement of the program's starts: SQLite gives it up before it has done anything if the transaction that it belongs to is
 * gone. */
void watch_statement_begins(struct watched *watched);

/* It has ended: puts on what is due, takes the write lock for its BEGIN, overrides its PRAGMA. No error of ours is left in the
 * connection. */
void watch_statement_ended(struct watched *watched, sqlite3_stmt *stmt);

#endif
