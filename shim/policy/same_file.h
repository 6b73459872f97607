/* same_file.h - finds the other connections of this process that have a connection's file open: in its shared cache, or by another
 * copy of SQLite. */
#ifndef SQLPROD_POLICY_SAME_FILE_H
#define SQLPROD_POLICY_SAME_FILE_H

#include "connection/connection.h"

/* At open, with the connection's mutex held: sets file, device, inode, shared_cache and in_two_copies, the last two also in the
 * other connections, and warns once of two copies of SQLite. What they have in WAL mode by recipe may leave it. shared_cache: the
 * program asked for one at open; sqlite3_enable_shared_cache() and cache=shared show only in this, that two connections have the
 * same sqlite3_file. */
void same_file_look(struct connection *connection, bool shared_cache);

#endif
