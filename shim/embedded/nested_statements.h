/* nested_statements.h - statements that run inside of another one, as a full-text table's do, and are not shown.
 *
 * SQLite makes a text of each such statement before it shows it, which costs more than the trace callback. None of them matters. So
 * at the first one in a transaction that writes, SQLITE_TRACE_STMT goes out of the connection's mask, until SQLite gives the write
 * lock back, or compiles a PRAGMA. Nothing that starts in between matters but what attaches a file, which is looked at then, and
 * what sorts an index, which is done in files.
 *
 * Called with the connection's mutex held. */
#ifndef SQLPROD_EMBEDDED_NESTED_STATEMENTS_H
#define SQLPROD_EMBEDDED_NESTED_STATEMENTS_H

#include "embedded/embedded_statement.h"

/* The statement was shown with this text, and passes. */
void nested_statements_hide(struct embedded_connection *embedded, sqlite3_stmt *stmt, const char *text);

/* Has SQLite show statements again, if our trace callback is still there. */
void nested_statements_show(struct embedded_connection *embedded);

#endif
