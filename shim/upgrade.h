/* upgrade.h - makes a BEGIN that has run hold the write lock: the second door's answer to BEGIN IMMEDIATE. */
#ifndef SQLPROD_UPGRADE_H
#define SQLPROD_UPGRADE_H

#include "copy.h"

/* The program's BEGIN has just run on this connection of the copy, and holds nothing yet: takes the write lock of the main database
 * and of each that is attached, which waits as the connection waits. Nothing is written. NULL if it holds them, else why not, a
 * constant. An error of ours may be left in the connection. The caller holds its mutex. */
const char *upgrade_begin(struct connection *connection, const struct copy *copy);

/* After that: an input/output error, want of memory, or sqlite3_interrupt() while it waited may have made SQLite roll everything
 * back. But the program believes to be in a transaction, and each of its statements would be committed for itself: begins it again.
 * False if that fails. */
bool upgrade_begin_again(struct connection *connection);

#endif
