/* callback_offsets.h - reads the callbacks that a program has set on a connection of an embedded copy of SQLite.
 *
 * The program's calls of sqlite3_busy_timeout(), sqlite3_trace_v2() and sqlite3_set_authorizer() do not reach our hooks, and SQLite
 * has no function that returns a callback; PRAGMA busy_timeout returns 0 both without a handler and with one of the program's own,
 * which need different treatment. So the offsets at which a connection keeps them are probed: each callback is set through SQLite's
 * own functions, and the connection is searched for the values. Its memory is only read. */
#ifndef SQLPROD_SQLITE_CALLBACK_OFFSETS_H
#define SQLPROD_SQLITE_CALLBACK_OFFSETS_H

#include "sqlite/callbacks.h"
#include "sqlite/sqlite.h"

#include <stddef.h>
#include <stdint.h>

/* Offsets in bytes into a connection. A callback's argument follows it. */
struct busy_offsets {
	size_t handler, timeout;   /* the int that PRAGMA busy_timeout returns */
	int (*stock)(void *, int); /* SQLite's own busy handler, for timeouts: the connection is its argument */
};

#define OFFSET_UNKNOWN SIZE_MAX /* not found, or ambiguous */
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

/* The busy handler's offsets in this copy's connections, probed on this one unless they are known; its busy handler is restored.
 * NULL if they were not found, or memory is out. The caller holds the connection's mutex. */
const struct busy_offsets *offsets_busy(const struct sqlite *sqlite, sqlite3 *db);

/* The same if it was learnt already, else NULL. */
const struct busy_offsets *offsets_busy_if_known(const struct sqlite *sqlite);

/* Learns the layout from a connection that nobody else uses yet, and puts back what was in the offsets as far as it learnt where
 * that is. */
void offsets_probe(const struct sqlite *sqlite, sqlite3 *db, struct callback_offsets *out);

/* Read the callbacks that are set now. False, with *out untouched, if the offset is not known. */
bool callback_read_busy(const struct busy_offsets *layout, const sqlite3 *db, struct busy_callback *out);
bool callback_read_authorizer(const struct callback_offsets *layout, const sqlite3 *db, struct authorizer_callback *out);

/* Sets those fields of *out that are known. */
void callback_read_hooks(const struct callback_offsets *layout, const sqlite3 *db, struct hook_callbacks *out);

/* Has the program a sqlite3_wal_hook() of its own? False if that is not known. */
bool callback_has_wal_hook(const struct callback_offsets *layout, const sqlite3 *db);

/* The fields trace_v2, argument and mask of *out; the callback is of another type if mask has TRACE_MASK_LEGACY. */
bool callback_read_trace(const struct callback_offsets *layout, const sqlite3 *db, struct trace_callback *out);

#endif
