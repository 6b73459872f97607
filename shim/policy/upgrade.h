/* upgrade.h - takes the write lock for a transaction that has begun: instead of BEGIN IMMEDIATE in embedded copies, and for
 * SAVEPOINT.
 *
 * The caller holds the connection's mutex. An error of ours may be left in the connection. */
#ifndef SQLPROD_POLICY_UPGRADE_H
#define SQLPROD_POLICY_UPGRADE_H

#include "connection/connection.h"

/* The program's BEGIN or SAVEPOINT has just run on this connection, and holds no lock yet. Takes the write lock of the main
 * database and of each attached one, waiting as the connection waits. Nothing is written. NULL if all are held, else the reason, a
 * constant. */
const char *upgrade_begin(struct connection *connection);

/* To be called after upgrade_begin(): an input/output error, lack of memory, or sqlite3_interrupt() during the wait may have made
 * SQLite roll the transaction back. The program still believes to be in it, and each of its statements would commit alone, so the
 * statement that began it is run again. False if that fails. */
bool upgrade_begin_again(struct connection *connection, const char *sql);

#endif
