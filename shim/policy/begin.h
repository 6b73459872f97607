/* begin.h - decides whether a BEGIN of the program's is rewritten.
 *
 * Every function wants the connection's mutex held. */
#ifndef SQLPROD_POLICY_BEGIN_H
#define SQLPROD_POLICY_BEGIN_H

#include "connection/connection.h"
#include "sql/rewrite.h"

/* Is this BEGIN to be rewritten? If so fills *out; if not, and it was one of those that could be, counts it with the reason. */
bool begin_rewrite(struct connection *connection, const struct statement *statement, struct rewrite *out);

/* The same for a plain BEGIN of the program's own, not of VACUUM, if it stays as it is because the last one did, and nothing has
 * changed since that would have to be looked at anew. True if that is so: then all is done. */
bool begin_again(struct connection *connection);

/* At open: what holds for an embedded copy, whose statements may not be seen. */
void begin_prepare(struct connection *connection);

/* The first statement is seen after a BEGIN that was made immediate (connection->first_awaited). */
void begin_first_statement(struct connection *connection);

/* The BEGIN will be prepared by sqlite3_prepare(), and SQLite does not prepare it anew: it cannot turn out to be plain. */
void begin_prepared_once(struct rewrite *rewrite);

/* The program's SAVEPOINT stands outside of a transaction, and so begins one (sqlite.org/lang_savepoint.html). Is it to have the
 * write lock once it has run (upgrade.h)? If not, counts it with the reason. */
bool begin_savepoint(struct connection *connection);

/* Counts a statement that begins a transaction without the write lock; reason is a constant. */
void begin_not_upgraded(struct connection *connection, const char *reason);

/* Counts one whose lock was taken once it had run, or was not because of that obstacle. */
void begin_upgraded(struct connection *connection, const char *obstacle);

/* May a VACUUM of this connection be under way? Not if no statement is one, or can be: those of sqlite3_prepare() do not say. Old
 * SQLites do not tell which statements run. */
bool begin_may_be_vacuum(const struct connection *connection);

#endif
