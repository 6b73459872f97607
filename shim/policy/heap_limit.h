/* heap_limit.h - a program that limits SQLite's memory (PRAGMA hard_heap_limit, sqlite3_hard_heap_limit64()).
 *
 * SQLite answers SQLITE_NOMEM at that limit, though a page cache that is smaller would do. The recipe's cache and its temporary
 * tables in memory are for programs that have not said how much may be taken.
 *
 * Every function that is given a connection wants its mutex held. */
#ifndef SQLPROD_POLICY_HEAP_LIMIT_H
#define SQLPROD_POLICY_HEAP_LIMIT_H

#include "connection/connection.h"

/* Why a setting of the recipe's that takes memory is not to be applied; NULL if it may be, or if the operator wants it. */
const char *heap_limit_obstacle(const struct connection *connection, enum setting setting);

/* The limit may have been set: what the recipe has applied by then is put back to SQLite's defaults. */
void heap_limit_changed(struct connection *connection);

/* The program has set the limit, which holds for all connections of that copy of SQLite: the same for those that are idle, and for
 * the others, or where the last call has failed, before their next statement that is prepared. No mutex is held but that of a
 * connection of this thread's. */
void heap_limit_set(const struct sqlite *sqlite);

#endif
