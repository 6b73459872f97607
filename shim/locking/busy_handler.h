/* busy_handler.h - SQLite's busy handler where the wait is ours (busy_wait.h), and its place in the connection.
 *
 * The caller holds the connection's mutex. */
#ifndef SQLPROD_LOCKING_BUSY_HANDLER_H
#define SQLPROD_LOCKING_BUSY_HANDLER_H

#include "locking/busy_wait.h"

#include <stdbool.h>

struct connection;
struct file_shim;

/* What happens when a lock of the connection is taken. */
enum busy_kind { BUSY_FAILS, BUSY_BY_US, BUSY_BY_SQLITE, BUSY_BY_PROGRAM };

/* To be called at open, before any other setting is applied to the connection. */
void busy_handler_prepare(struct connection *connection);

/* The same for a database that was attached and has been read by nothing but ATTACH. */
void busy_handler_prepare_attached(struct connection *connection, const char *schema, const char *path);

/* As sqlite3_busy_timeout(), but waits fairly if SQLPROD_BUSY_WAIT says so and it can be done. PRAGMA busy_timeout answers the
 * number. Returns SQLite's code. */
int busy_handler_set_timeout(struct connection *connection, int milliseconds);

/* The file of the shim is closed. Its connection may go on (sqlite3_deserialize()), and then waits by SQLite's own handler with the
 * timeout that it has. */
void busy_handler_give_back(struct file_shim *shim);

/* Is this handler, which a connection has, ours? */
bool busy_handler_is_ours(int (*handler)(void *, int));

/* Is SQLite's own handler where ours was put? The program has set a timeout out of our sight then. */
bool busy_handler_is_replaced(const struct connection *connection);

/* If SQLite's own handler is installed, because the program set its timeout out of our sight, installs ours with that timeout, but
 * no less than `least` milliseconds. Does nothing if ours is there already, or nothing, or one of the program's own. */
void busy_handler_reinstall(struct connection *connection, int least);

/* What SQLite does when a lock of the connection is taken. */
enum busy_kind busy_handler_kind(const struct file_shim *shim);

/* Waits as the connection waits, by the program's own busy handler if it has one; count says how often in this wait. False gives
 * up. */
bool busy_handler_wait(struct file_shim *shim, enum busy_purpose purpose, int count);

#endif
