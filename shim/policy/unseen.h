/* unseen.h - what a program decided on a connection before we saw it: by PRAGMAs in an automatic extension of its own
 * (sqlite3_auto_extension), or on a handle that was opened out of our sight.
 *
 * Every function wants the connection's mutex held, and runs between callbacks_suspend() and callbacks_resume(). */
#ifndef SQLPROD_POLICY_UNSEEN_H
#define SQLPROD_POLICY_UNSEEN_H

#include "connection/connection.h"

/* Before anything is applied, at open or at first use: has the program set anything? It has if a value is neither SQLite's default
 * nor that of the build. A value set to its default looks like one that was not set: so all settings are taken for decided then. */
void unseen_look(struct connection *connection, bool at_first_use);

/* Is this setting the program's for that? Then the outcome says so, and it is not to be applied. False where the operator decides,
 * and once it was applied. */
bool unseen_decided(struct connection *connection, enum setting setting);

/* May there be TEMP tables, which PRAGMA temp_store would delete? */
bool unseen_has_temp_tables(const struct connection *connection);

#endif
