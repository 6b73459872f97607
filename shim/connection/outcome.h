/* outcome.h - the result of each setting of a connection, for the report.
 *
 * Every function wants the connection's mutex held. */
#ifndef SQLPROD_CONNECTION_OUTCOME_H
#define SQLPROD_CONNECTION_OUTCOME_H

#include "connection/connection.h"

/* Is the setting to be applied, because neither the program set it nor the operator keeps it? If so, fills in who wants which
 * value. */
bool outcome_is_due(struct connection *connection, enum setting setting);

/* Notes the value in force, and a constant that says why it is not the wanted one; NULL if it is. */
void outcome_note(struct connection *connection, enum setting setting, int64_t got, const char *reason);

/* The reason for the report if SQLite rejected a setting with this code; NULL for SQLITE_OK. */
const char *outcome_reason(int rc);

/* Is it a code that the next attempt may not get? */
bool outcome_was_busy(int rc);

/* Why nothing may be shared through memory that another copy of SQLite in this process would not expect: two copies do not see each
 * other's locks. NULL if there is no other for this file. */
const char *outcome_other_copy(const struct connection *connection);

/* The reason if a connection has no path: there is no file that the setting applies to, or SQLite cannot return its name. NULL if
 * it has a path. */
const char *outcome_no_file(const struct connection *connection);

#endif
