/* pragma.h - runs one PRAGMA, or another statement of ours, on a program's connection.
 *
 * Every function wants the connection's mutex held. Neither the program's authorizer nor its trace callbacks see these
 * statements. */
#ifndef SQLPROD_CONNECTION_PRAGMA_H
#define SQLPROD_CONNECTION_PRAGMA_H

#include "connection/callbacks.h"
#include "connection/connection.h"

/* Runs one statement and copies the first column of its first row, "" if there is none, cut to size - 1 bytes. Returns SQLite's
 * extended code. answer may be NULL. The second is for callers between callbacks_suspend() and callbacks_resume(). */
int pragma_run(struct connection *connection, const char *sql, char *answer, size_t size);
int pragma_run_raw(struct connection *connection, const char *sql, char *answer, size_t size);

/* Finalizes a statement of ours; inside: it was begun inside a transaction of the program. Returns its code. An error may have
 * ended the transaction: sqlite.org/lang_transaction.html, "Response To Errors Within A Transaction". */
int pragma_finish(struct connection *connection, sqlite3_stmt *stmt, bool inside);

/* Calls see for each of the connection's databases (main, temp if it is in use, attached ones) with its name and its file, "" if it
 * has none, until see returns false. see may run statements; it runs between callbacks_suspend() and callbacks_resume(). Returns
 * SQLITE_DONE after the last, SQLITE_ROW if see stopped, or an error. Source: sqlite.org/pragma.html#pragma_database_list */
int pragma_each_database(struct connection *connection, bool (*see)(void *argument, const char *name, const char *file),
			 void *argument);

/* Has the program turned PRAGMA query_only on? */
bool pragma_is_query_only(struct connection *connection);

/* Has the program turned PRAGMA empty_result_callbacks on? */
bool pragma_shows_empty_results(struct connection *connection);

/* Is this value of a PRAGMA true, as SQLite reads a boolean? */
bool pragma_is_true(const char *value);

/* Sets a setting to a word or number, and copies the PRAGMA's result, as above. Between callbacks_suspend() and callbacks_resume().
 */
int pragma_set(struct connection *connection, enum setting setting, const char *value, char *answer, size_t size);

/* The setting as SQLite has it now; VALUE_UNKNOWN if it returns none. Between callbacks_suspend() and callbacks_resume(). */
int64_t pragma_read(struct connection *connection, enum setting setting);

#endif
