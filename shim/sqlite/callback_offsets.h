/* callback_offsets.h - what is in the callback offsets of a connection that belongs to an embedded copy of SQLite?
 *
 * Such a program's sqlite3_busy_timeout(), sqlite3_trace_v2() and sqlite3_set_authorizer() do not pass our door, and SQLite has no
 * function that tells what is in a slot; PRAGMA busy_timeout answers 0 for none and for a handler of the program's own alike, which
 * are to be treated differently. So we learn where a connection keeps them: by filling each through SQLite's own functions, and
 * looking where the values appear. Memory is only read. */
#ifndef SQLPROD_SQLITE_CALLBACK_OFFSETS_H
#define SQLPROD_SQLITE_CALLBACK_OFFSETS_H

#include "sqlite/callbacks.h"
#include "sqlite/sqlite.h"

#include <stddef.h>
#include <stdint.h>

/* Offsets in bytes into a connection. A callback has its argument behind it. */
struct busy_offsets {
	size_t handler, timeout;   /* the int that PRAGMA busy_timeout answers */
	int (*stock)(void *, int); /* SQLite's own busy handler, for timeouts: the connection is its argument */
};

#define OFFSET_UNKNOWN SIZE_MAX /* where it did not show clearly */
struct callback_offsets {
	const struct busy_offsets *busy; /* NULL if not known */
	size_t authorizer;
	size_t trace, mask;              /* the byte with the SQLITE_TRACE_ bits; both or none are known */
	size_t commit, rollback;         /* of the argument, which these have in front */
	size_t progress, progress_steps; /* both or none are known */
	size_t wal;
	void *sqlite_wal_hook; /* SQLite's own, for its checkpoints */
};

/* Nothing is known. */
extern const struct callback_offsets offsets_unknown;

/* Bits of the mask besides SQLite's four: sqlite3_trace() and sqlite3_profile() were called. Source: src/sqliteInt.h */
enum { TRACE_MASK_LEGACY = 0x40, TRACE_MASK_PROFILE = 0x80 };

/* The layout of this copy's connections, learnt from this one if need be, whose busy slot is as it was afterwards. NULL if it did
 * not show, or memory is out. The caller holds the connection's mutex. */
const struct busy_offsets *offsets_busy(const struct sqlite *sqlite, sqlite3 *db);

/* The same if it was learnt already, else NULL. */
const struct busy_offsets *offsets_busy_if_known(const struct sqlite *sqlite);

/* Learns the layout from a connection that nobody else uses yet, and puts back what was in the offsets as far as it learnt where
 * that is. */
void offsets_probe(const struct sqlite *sqlite, sqlite3 *db, struct callback_offsets *out);

/* What is in the offsets now. False if that is not known; *out is untouched then. */
bool callback_read_busy(const struct busy_offsets *layout, const sqlite3 *db, struct busy_callback *out);
bool callback_read_authorizer(const struct callback_offsets *layout, const sqlite3 *db, struct authorizer_callback *out);

/* Sets those fields of *out that are known. */
void callback_read_hooks(const struct callback_offsets *layout, const sqlite3 *db, struct hook_callbacks *out);

/* Has the program a sqlite3_wal_hook() of its own? False if that is not known. */
bool callback_has_wal_hook(const struct callback_offsets *layout, const sqlite3 *db);

/* The fields trace_v2, argument and mask of *out; the callback is of another type if mask has TRACE_MASK_LEGACY. */
bool callback_read_trace(const struct callback_offsets *layout, const sqlite3 *db, struct trace_callback *out);

#endif
