/* busy_handler.h - waits for a lock: SQLite's busy handler where the wait is ours.
 *
 * SQLite's own sleeps up to 100 ms, so the lock lies idle and whoever has waited longest waits longest still. Ours is woken when
 * the lock is given back (shim.h), by age; its naps get longer with the wait, for the case that nobody wakes it: a program without
 * the shim, a process that was stopped. Waits for anything but the write lock of a WAL database are short sleeps.
 *
 * The caller holds the connection's mutex. */
#ifndef SQLPROD_LOCKING_BUSY_HANDLER_H
#define SQLPROD_LOCKING_BUSY_HANDLER_H

#include "connection/connection.h"

/* At open, before anything else is put on the connection. */
void busy_handler_prepare(struct connection *connection);

/* As sqlite3_busy_timeout(), but waits fairly if SQLPROD_BUSY_WAIT says so and it can be done. PRAGMA busy_timeout tells the
 * number. Returns SQLite's code. */
int busy_handler_set_timeout(struct connection *connection, int milliseconds);

/* The file of the shim is closed. Its connection may go on (sqlite3_deserialize()), and then waits by SQLite's own handler with the
 * timeout that it has. */
void busy_handler_give_back(struct file_shim *shim);

/* Is this handler, found in a connection's slot, ours? */
bool busy_handler_is_ours(int (*handler)(void *, int));

/* SQLite's own handler is in the slot, because the program set its timeout out of our sight: put ours there with that timeout, but
 * no less than `least` milliseconds. Does nothing if ours is there already, or nothing, or one of the program's own. */
void busy_handler_reinstall(struct connection *connection, int least);

#endif
