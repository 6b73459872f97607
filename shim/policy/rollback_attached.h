/* rollback_attached.h - programs that set a rollback journal for attached databases, which others have in WAL mode.
 *
 * They are in that mode by their own connections' recipe. Every function wants the connection's mutex held. */
#ifndef SQLPROD_POLICY_ROLLBACK_ATTACHED_H
#define SQLPROD_POLICY_ROLLBACK_ATTACHED_H

#include "connection/connection.h"

struct file_shim;

/* Does the statement set a journal mode? *names_schema: of one database alone. */
bool rollback_is_journal_mode(const char *sql, bool *names_schema);

/* Is the PRAGMA journal_mode for the main database, which is compiled now, one for all? Of one that the program keeps it is known
 * only whether it has any such. */
bool rollback_attached_is_meant(const struct connection *connection);

/* Takes the attached database with this shim out of WAL mode, or all of them if it is NULL. False if one cannot be taken out now.
 */
bool rollback_attached_is_free(struct connection *connection, const struct file_shim *shim);

/* The program sets this mode, which is no rollback journal, for the database with this shim, or by the main one's for all: a WAL
 * that it has set itself is left with SQLite's own error. */
void rollback_attached_is_set(struct connection *connection, struct file_shim *shim, const char *value);

#endif
