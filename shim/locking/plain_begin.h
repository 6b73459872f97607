/* plain_begin.h - makes a BEGIN that the library made immediate the plain BEGIN that the program wrote.
 *
 * The statement was rewritten when it was prepared, and may be kept and run for ever. If it turns out as it runs that it is not to
 * take the write lock, its text is changed in place, in the memory where SQLite keeps it and with the length it has, and SQLite is
 * answered SQLITE_SCHEMA: it then prepares the statement anew, from that text, and runs it, within the same sqlite3_step(). Only
 * statements of sqlite3_prepare_v2() and later are prepared anew, so only they bear the mark.
 *
 * The caller holds the connection's mutex. */
#ifndef SQLPROD_LOCKING_PLAIN_BEGIN_H
#define SQLPROD_LOCKING_PLAIN_BEGIN_H

#include <stdbool.h>

struct file_shim;

/* What plain BEGIN is rewritten to, so that it is known again: by blanks that nobody writes. SQLITE_DBCONFIG_ENABLE_COMMENTS may
 * forbid comments. */
#define PLAIN_BEGIN_MARK "IMMEDIATE\f\t\f\t"

/* Has this SQLite the functions to find the statement that runs, and its text? */
struct sqlite;
bool plain_begin_is_possible(const struct sqlite *sqlite);

/* Is such a BEGIN running, outside of a transaction? *under_cursor: another statement of the connection is, and keeps a snapshot
 * open: SQLite waits for no lock then. */
bool plain_begin_runs(const struct file_shim *shim, bool *under_cursor);

/* Makes the running one plain. Returns the code that xShmLock is to return to SQLite. */
int plain_begin_make(struct file_shim *shim);

#endif
