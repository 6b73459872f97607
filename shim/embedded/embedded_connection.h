/* embedded_connection.h - follows a connection of an embedded copy of SQLite, from its opening to its end.
 *
 * A trace callback shows when each statement starts and ends, and when sqlite3_close() begins. The connection has ended when its
 * file is closed; where that does not show, when the destructor of a collation is called that was added for it. The callbacks that
 * the program sets are read from the connection (callback_offsets.h), and stay in force. */
#ifndef SQLPROD_EMBEDDED_EMBEDDED_CONNECTION_H
#define SQLPROD_EMBEDDED_EMBEDDED_CONNECTION_H

#include "sqlite/copy.h"

/* For a connection that the copy is just opening and the program does not have yet. An error of ours may be left in it. */
void embedded_connection_open(struct copy *copy, sqlite3 *db);

#endif
