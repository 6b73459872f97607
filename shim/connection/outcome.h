/* outcome.h - what became of each setting of a connection, for the report.
 *
 * Every function wants the connection's mutex held. */
#ifndef SQLPROD_CONNECTION_OUTCOME_H
#define SQLPROD_CONNECTION_OUTCOME_H

#include "connection/connection.h"

/* Is the setting ours to set, neither the program's nor left alone by the operator? If so, the outcome says who wants what. */
bool outcome_is_due(struct connection *connection, enum setting setting);

/* Notes what is in force now, and a constant that says why it is not what was wanted; NULL if all is well. */
void outcome_note(struct connection *connection, enum setting setting, int64_t got, const char *reason);

/* What SQLite's code says about a setting that it did not take; NULL for SQLITE_OK. */
const char *outcome_reason(int rc);

/* … and is it one that the next try may not meet? */
bool outcome_was_busy(int rc);

/* Why nothing may be shared through memory that another copy of SQLite in this process would not expect: two copies do not see each
 * other's locks. NULL if there is no other for this file. */
const char *outcome_other_copy(const struct connection *connection);

/* The reason where a connection has no path: there is no file that a setting would be about, or SQLite does not tell which. NULL
 * where it has one. */
const char *outcome_no_file(const struct connection *connection);

#endif
