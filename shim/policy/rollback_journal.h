/* rollback_journal.h - programs that set a rollback journal, in a file that the recipe has in WAL mode.
 *
 * Between rollback journals a switch always succeeds. Out of WAL it fails as long as others have the file open, or the connection
 * is inside a transaction: a program that knows nothing of WAL expects no such error. Every function wants the connection's mutex
 * held. */
#ifndef SQLPROD_POLICY_ROLLBACK_JOURNAL_H
#define SQLPROD_POLICY_ROLLBACK_JOURNAL_H

#include "connection/connection.h"

/* Does PRAGMA journal_mode with this value set a rollback journal, or none? */
bool rollback_journal_is_named(const char *value);

/* The program has decided for this value. */
void rollback_journal_note(struct connection *connection, const char *value);

/* The program is about to set one: takes the file out of WAL mode first. False if that cannot be done now. The PRAGMA then has to
 * change nothing, and to return the mode in force, as SQLite itself does where a mode cannot be changed
 * (sqlite.org/pragma.html#pragma_journal_mode). True also where the WAL may be the program's own decision: it gets SQLite's error.
 */
bool rollback_journal_is_free(struct connection *connection);

/* The program's PRAGMA journal_mode is about to be compiled; does it name a schema? From now on the same is done wherever SQLite
 * compiles one, of attached databases too: a statement that the program steps again is compiled again, and others may have the file
 * in WAL mode by then. The connection is none of an embedded copy. */
void rollback_journal_watch(struct connection *connection, bool names_schema);

/* Is that done for the main database? */
bool rollback_journal_is_watched(const struct connection *connection);

/* The same once the PRAGMA has run: did SQLite do it? */
bool rollback_journal_was_set(struct connection *connection);

/* A statement of an embedded copy starts, on a connection without a shim. If it may leave WAL mode SQLite frees what it has read,
 * which others may have changed since: page_cache.h */
void rollback_journal_starts(const struct connection *connection, const char *sql);

/* Has the program set one on another connection of this process that has the file open? Then this one may do the same at once, and
 * in WAL mode the two would stand in each other's way. */
bool rollback_journal_is_of_peer(struct connection *connection);

#endif
