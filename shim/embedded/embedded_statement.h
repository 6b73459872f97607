/* embedded_statement.h - reads statements of embedded copies, which are seen only when they run.
 *
 * Called from the trace callback, with the connection's mutex held. */
#ifndef SQLPROD_EMBEDDED_EMBEDDED_STATEMENT_H
#define SQLPROD_EMBEDDED_EMBEDDED_STATEMENT_H

#include "sqlite/callbacks.h"
#include "sqlite/copy.h"

/* The argument of our callbacks, which SQLite keeps until the connection ends. */
struct embedded_connection {
	struct connection *connection;
	uint64_t serial; /* of that record */
	struct copy *copy;
	const struct callback_offsets *offsets;
	struct trace_callback theirs; /* the program's trace callback, which ours calls */
	bool closing;                 /* sqlite3_close() has begun, and no ATTACH since */
	bool has_collation;           /* its end shows by a collation that goes with the connection */
	bool inside;                  /* a callback of ours is running statements */
	const char *lost; /* the upgrade rolled the program's transaction back: the statement that begins it again, or "" */
	bool outermost;   /* the statement that started last did so outside of a transaction */
};

/* A statement of the program starts. If its transaction is gone it is interrupted before it has done anything. */
void embedded_statement_begins(struct embedded_connection *embedded, sqlite3_stmt *stmt);

/* The statement has ended: applies settings that are due, takes the write lock for its BEGIN, overrides its PRAGMA. No error of
 * ours is left in the connection. */
void embedded_statement_ended(struct embedded_connection *embedded, sqlite3_stmt *stmt);

#endif
