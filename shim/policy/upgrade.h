/* upgrade.h - makes a transaction that has begun hold the write lock: the second door's answer to BEGIN IMMEDIATE, and that of both
 * doors to SAVEPOINT.
 *
 * The caller holds the connection's mutex. An error of ours may be left in the connection. */
#ifndef SQLPROD_POLICY_UPGRADE_H
#define SQLPROD_POLICY_UPGRADE_H

#include "connection/connection.h"

/* The program's BEGIN or SAVEPOINT has just run on this connection, and holds nothing yet: takes the write lock of the main
 * database and of each that is attached, which waits as the connection waits. Nothing is written. NULL if it holds them, else why
 * not, a constant. */
const char *upgrade_begin(struct connection *connection);

/* After that: an input/output error, want of memory, or sqlite3_interrupt() while it waited may have made SQLite roll everything
 * back. But the program believes to be in a transaction, and each of its statements would be committed for itself: runs the
 * statement that began it again. False if that fails. */
bool upgrade_begin_again(struct connection *connection, const char *sql);

#endif
