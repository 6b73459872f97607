/* apply.h - applies settings to one connection and reads them back.
 *
 * Every function wants the connection's mutex held. A failure is noted in the connection's outcomes. The program's authorizer,
 * trace and busy handler are the same after each call. */
#ifndef SQLPROD_POLICY_APPLY_H
#define SQLPROD_POLICY_APPLY_H

#include "connection/connection.h"

/* At open: settings that need no file access: busy timeout, foreign_keys, temp_store, mmap_size, journal_size_limit. */
void apply_at_open(struct connection *connection);

/* At first use: journal_mode, synchronous, cache_size, wal_autocheckpoint. Does nothing inside a transaction, where SQLite refuses
 * them: the next statement outside of one tries again. Waits for a lock for a few milliseconds only; apply_wal_again() retries with
 * a busy database. */
void apply_at_first_use(struct connection *connection);

/* Has SQLite read the schema again, if another connection has changed it since it was read for a statement of ours. A statement of
 * the program's that SQLite does not compile again, one of sqlite3_prepare(), would fail. */
void apply_schema_again(struct connection *connection);

/* Tries the switch to WAL again if it is due (journal_mode.c). It may wait for other transactions' turns (journal_turn.h), or not.
 */
void apply_wal_again(struct connection *connection, bool may_wait);

/* The program may have changed the journal mode: synchronous=NORMAL by recipe is for WAL only
 * (sqlite.org/pragma.html#pragma_synchronous). */
void apply_recheck_synchronous(struct connection *connection);

/* The program is about to leave WAL: sets synchronous back to FULL. */
void apply_synchronous_full(struct connection *connection);

/* The program is about to switch the database to WAL: does so first, and waits for others who do (journal_mode.h), unless a
 * statement of the connection runs or it is inside a transaction. */
void apply_program_wal(struct connection *connection);

/* Takes the database out of WAL mode, for a while: apply_wal_again() puts it back. False if others have it open. */
bool apply_rollback_journal(struct connection *connection);

/* The same for an attached database, by this statement; nothing puts it back. */
bool apply_attached_rollback_journal(struct connection *connection, const char *statement);

/* Copies the -wal into the database and empties it, unless others are about to use it. What is in a -wal that stays behind SQLite
 * replays into any file that takes the database's place. */
void apply_empty_wal(struct connection *connection);

/* Reads back every setting whose value is not known, for the report. */
void apply_read_back(struct connection *connection);

#endif
