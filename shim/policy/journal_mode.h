/* journal_mode.h - sets the journal mode of a connection's main database, or notes why it is not changed.
 *
 * Every function wants the connection's mutex held. */
#ifndef SQLPROD_POLICY_JOURNAL_MODE_H
#define SQLPROD_POLICY_JOURNAL_MODE_H

#include "connection/connection.h"

/* Outside a transaction, between callbacks_suspend() and callbacks_resume(), and with a busy timeout of our own: sets it if it is
 * due and the database can have it, and notes the outcome. After a transient obstacle (the database is busy, the disk nearly full)
 * it is tried again later. Warns once of a database on a shared filesystem. */
void journal_mode_apply(struct connection *connection);

/* The same, before the program's own PRAGMA journal_mode=WAL, which then has nothing left to do: SQLite calls no busy handler where
 * it switches, so that of several processes which open a database at once all but one may get SQLITE_BUSY. Waits for other
 * processes and threads as long as the program has asked SQLite to wait. A database that stays busy is left as it is. The
 * connection has a shim, and the database a rollback journal. */
void journal_mode_switch_for_program(struct connection *connection);

/* The same: takes the database out of WAL mode until that is tried again. False if others have it open. */
bool journal_mode_leave_wal(struct connection *connection);

/* For how many milliseconds a statement of ours, the switch too, may wait for others. */
int journal_mode_patience(const struct connection *connection);

/* Is it time to try again? */
bool journal_mode_is_due_again(const struct connection *connection);

#endif
