/* trace.h - the one place that SQLite has for sqlite3_trace(), sqlite3_trace_v2() and sqlite3_profile(): ours is in it, passes
 * events on to the program's callback, and can watch statements itself.
 *
 * The caller holds the connection's mutex. */
#ifndef SQLPROD_CONNECTION_TRACE_H
#define SQLPROD_CONNECTION_TRACE_H

#include "sqlite/sqlite.h"

#include <stdbool.h>

struct connection;

/* The program's calls of the functions of these names. Each returns what SQLite would. */
int trace_set_v2(struct connection *connection, unsigned mask, int (*trace)(unsigned, void *, void *, void *), void *argument);
void *trace_set(struct connection *connection, void (*trace)(void *, const char *), void *argument);
void *trace_set_profile(struct connection *connection, void (*profile)(void *, const char *, sqlite3_uint64), void *argument);

/* Has `starts` called whenever a statement of the program's starts to run, with its text as it was prepared, or that of a trigger
 * in it; or nobody any more (NULL). Called with NULL, it will be called no more. The program's own trace is called out of ours
 * meanwhile. False where that cannot be, or SQLite has no sqlite3_trace_v2() (before 3.14). */
bool trace_watch(struct connection *connection, void (*starts)(struct connection *connection, sqlite3_stmt *stmt, const char *sql));

/* sqlite3_close_v2() of a connection that statements keep alive: SQLite has the program's own callbacks again, as our record of it
 * ends here. */
void trace_give_back(struct connection *connection);

#endif
