/* first_use.h - decides when the settings that need the file are applied: at the program's first use of the database.
 *
 * Until then the program may still set it up (page_size, auto_vacuum, a key). Every function wants the connection's mutex held. */
#ifndef SQLPROD_POLICY_FIRST_USE_H
#define SQLPROD_POLICY_FIRST_USE_H

#include "connection/connection.h"

/* Before a statement of the program's: applies what is due, if the statement uses the database. Does nothing if all is applied
 * (SETUP_DONE, and no wal_retry_at). Returns true if it may have run statements of ours, which read the schema. */
bool first_use_before(struct connection *connection, const struct statement *statement);

/* For a connection whose statements may not be seen: applies what is due, unless the database is empty, as the program may still
 * set it up. */
void first_use_at_open(struct connection *connection);

/* The program gave a key (SQLCipher): settings that failed without it are due again. */
void first_use_after_key(struct connection *connection);

/* Is this the first statement after a key? It must be the program's: once a statement of ours has failed with a wrong key,
 * SQLCipher 4 returns SQLITE_NOMEM for all later ones. Not so in a second call. */
bool first_use_tries_key(struct connection *connection);

#endif
