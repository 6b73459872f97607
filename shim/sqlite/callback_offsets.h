/* callback_offsets.h - reads the callbacks that a program has set on a connection of an embedded copy of SQLite.
 *
 * The program's calls of sqlite3_busy_timeout(), sqlite3_trace_v2() and sqlite3_set_authorizer() do not reach our hooks, and SQLite
 * has no function that returns a callback. So the offsets at which a connection keeps them are probed (probe.h). */
#ifndef SQLPROD_SQLITE_CALLBACK_OFFSETS_H
#define SQLPROD_SQLITE_CALLBACK_OFFSETS_H

#include "sqlite/busy_offsets.h"
#include "sqlite/callbacks.h"
#include "sqlite/sqlite.h"

#include <stddef.h>
#include <stdint.h>

/* Offsets in bytes into a connection. A callback's argument follows it. */
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

/* Probes a connection that no other thread uses yet. Sets all of *out; what is not found is OFFSET_UNKNOWN. Callbacks that were set
 * are restored if their offset was found. Without memory nothing is known. */
void offsets_probe(const struct sqlite *sqlite, sqlite3 *db, struct callback_offsets *out);

/* The authorizer's alone; OFFSET_UNKNOWN if it is not found. */
size_t offsets_probe_authorizer(const struct sqlite *sqlite, sqlite3 *db);

/* Read the callbacks that are set now. False, with *out untouched, if the offset is not known. */
bool callback_read_authorizer(const struct callback_offsets *layout, const sqlite3 *db, struct authorizer_callback *out);

/* Sets those fields of *out that are known. */
void callback_read_hooks(const struct callback_offsets *layout, const sqlite3 *db, struct hook_callbacks *out);

/* Has the program a sqlite3_wal_hook() of its own? False if that is not known. */
bool callback_has_wal_hook(const struct callback_offsets *layout, const sqlite3 *db);

/* Does SQLite checkpoint by itself after a commit that leaves so many frames in the -wal? False where the offset is not known. */
bool callback_checkpoints(const struct callback_offsets *layout, const sqlite3 *db, uint32_t frames);

/* The fields trace_v2, argument and mask of *out; the callback is of another type if mask has TRACE_MASK_LEGACY. */
bool callback_read_trace(const struct callback_offsets *layout, const sqlite3 *db, struct trace_callback *out);

/* Has SQLite show statements (SQLITE_TRACE_STMT) or not, if a sqlite3_trace_v2() callback with this argument is installed and the
 * offset is known; else false. */
bool callback_show_statements(const struct callback_offsets *layout, sqlite3 *db, const void *argument, bool show);

/* SQLite calls neither trace nor profile callback between these two, whichever function they were set by. Returns the mask to be
 * put back. */
unsigned char callback_silence_traces(const struct callback_offsets *layout, sqlite3 *db);
void callback_restore_traces(const struct callback_offsets *layout, sqlite3 *db, unsigned char mask);

#endif
