/* slot.h - what is in the callback slots of a connection that belongs to an embedded copy of SQLite?
 *
 * Such a program's sqlite3_busy_timeout(), sqlite3_trace_v2() and sqlite3_set_authorizer() do not pass our door, and SQLite has no
 * function that tells what is in a slot; PRAGMA busy_timeout answers 0 for none and for a handler of the program's own alike, which
 * are to be treated differently. So we learn where a connection keeps them: by filling each through SQLite's own functions, and
 * looking where the values appear. Memory is only read. */
#ifndef SQLPROD_SLOT_H
#define SQLPROD_SLOT_H

#include "connection.h"

#include <stddef.h>

/* Offsets in bytes into a connection. A callback has its argument behind it. */
struct busy_layout {
	size_t handler, timeout;   /* the int that PRAGMA busy_timeout answers */
	int (*stock)(void *, int); /* SQLite's own busy handler, for timeouts: the connection is its argument */
};

#define SLOT_UNKNOWN SIZE_MAX /* where it did not show clearly */
struct slot_layout {
	const struct busy_layout *busy; /* NULL if not known */
	size_t authorizer;
	size_t trace, mask; /* the byte with the SQLITE_TRACE_ bits; both or none are known */
};

/* Bits of the mask besides SQLite's four: sqlite3_trace() and sqlite3_profile() were called. Source: src/sqliteInt.h */
enum { SLOT_TRACE_LEGACY = 0x40, SLOT_TRACE_PROFILE = 0x80 };

/* The layout of this copy's connections, learnt from this one if need be, whose busy slot is as it was afterwards. NULL if it did
 * not show, or memory is out. The caller holds the connection's mutex. */
const struct busy_layout *slot_busy_layout(const struct sqlite *sqlite, sqlite3 *db);

/* Learns the layout from a connection that nobody else uses yet, and puts back what was in the slots as far as it learnt where
 * that is. */
void slot_learn(const struct sqlite *sqlite, sqlite3 *db, struct slot_layout *out);

/* What is in the slots now. False if that is not known; *out is untouched then. */
bool slot_read_busy(const struct busy_layout *layout, const sqlite3 *db, struct busy_slot *out);
bool slot_read_authorizer(const struct slot_layout *layout, const sqlite3 *db, struct authorizer_slot *out);

/* The fields trace_v2, argument and mask of *out; the callback is of another type if mask has SLOT_TRACE_LEGACY. */
bool slot_read_trace(const struct slot_layout *layout, const sqlite3 *db, struct trace_slot *out);

#endif
