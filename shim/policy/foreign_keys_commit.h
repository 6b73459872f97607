/* foreign_keys_commit.h - what SQLite refuses because of orphans that it has counted, with foreign keys by recipe.
 *
 * A COMMIT that is refused leaves the transaction open, for a program that asked for foreign keys to mend it. One that did not ask
 * has nothing to mend it with; and of those that know errors of INSERT, some do not expect one of COMMIT: they would keep the write
 * lock, and lose what they write later. So the transaction is rolled back, as SQLite itself does after other errors that a program
 * cannot mend (sqlite.org/lang_transaction.html), and COMMIT has the same error. The ROLLBACK by which others answer it finds no
 * transaction any more, and succeeds.
 *
 * Since 3.52 SQLite also refuses where it counts less than none, which is no orphan: flag_bits.h. That passes. */
#ifndef SQLPROD_POLICY_FOREIGN_KEYS_COMMIT_H
#define SQLPROD_POLICY_FOREIGN_KEYS_COMMIT_H

#include "connection/connection.h"

/* Does it end the transaction, or a savepoint, by COMMIT, END, RELEASE or ROLLBACK? */
bool foreign_keys_ends_transaction(const struct sql_text *text, const struct statement *statement);

/* sqlite3_step() of a statement of the connection has failed with rc. Returns what the program gets. */
int foreign_keys_refused(struct connection *connection, sqlite3_stmt *stmt, int rc);

#endif
