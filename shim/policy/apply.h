/* apply.h - puts settings on one connection and reads them back.
 *
 * Every function wants the connection's mutex held. Whatever fails is noted in the connection's outcomes; no function touches the
 * program's own authorizer, trace or busy handler for longer than its call. */
#ifndef SQLPROD_POLICY_APPLY_H
#define SQLPROD_POLICY_APPLY_H

#include "connection/connection.h"

/* At open: what reads no file. busy timeout, foreign_keys, temp_store, mmap_size, journal_size_limit. */
void apply_at_open(struct connection *connection);

/* At first use: journal_mode, synchronous, cache_size, wal_autocheckpoint. Does nothing inside a transaction, where SQLite refuses:
 * the next statement outside of one is as good. Waits for no lock longer than a few milliseconds; a busy database is tried again by
 * apply_wal_again(). */
void apply_at_first_use(struct connection *connection);

/* Tries the switch to WAL again if it is due (once a second). */
void apply_wal_again(struct connection *connection);

/* The program may have changed the journal mode: synchronous=NORMAL by recipe is for WAL only
 * (sqlite.org/pragma.html#pragma_synchronous). */
void apply_recheck_synchronous(struct connection *connection);

/* The program is about to leave WAL: back to FULL before it does. */
void apply_synchronous_full(struct connection *connection);

/* Reads back every outcome that is not known, for the report. */
void apply_read_back(struct connection *connection);

#endif
