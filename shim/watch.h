/* watch.h - watches a connection of an embedded copy of SQLite, from its opening to its end.
 *
 * A trace callback shows each statement when it starts and when it has ended; a collation that nobody uses shows the end. What the
 * program puts into the slots of its connection is seen only there (slot.h), and stays in force. */
#ifndef SQLPROD_WATCH_H
#define SQLPROD_WATCH_H

#include "copy.h"

/* For a connection that the copy is just opening and nobody has yet. An error of ours may be left in it. */
void watch_connection(struct copy *copy, sqlite3 *db);

#endif
