/* embedded_connection.h - watches a connection of an embedded copy of SQLite, from its opening to its end.
 *
 * A trace callback shows each statement when it starts and when it has ended; a collation that nobody uses shows the end. What the
 * program puts into the offsets of its connection is seen only there (slot.h), and stays in force. */
#ifndef SQLPROD_EMBEDDED_EMBEDDED_CONNECTION_H
#define SQLPROD_EMBEDDED_EMBEDDED_CONNECTION_H

#include "sqlite/copy.h"

/* For a connection that the copy is just opening and nobody has yet. An error of ours may be left in it. */
void embedded_connection_open(struct copy *copy, sqlite3 *db);

#endif
