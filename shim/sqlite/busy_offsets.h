/* busy_offsets.h - where the connections of a copy of SQLite keep their busy handler and its timeout.
 *
 * SQLite has no function that returns the handler; PRAGMA busy_timeout returns 0 both without a handler and with one of the
 * program's own, which need different treatment. So the place is probed (probe.h), once for each copy. */
#ifndef SQLPROD_SQLITE_BUSY_OFFSETS_H
#define SQLPROD_SQLITE_BUSY_OFFSETS_H

#include "sqlite/callbacks.h"
#include "sqlite/sqlite.h"

/* Offsets in bytes into a connection. The handler's argument follows it. */
struct busy_offsets {
	size_t handler, timeout;   /* the int that PRAGMA busy_timeout returns */
	int (*stock)(void *, int); /* SQLite's own busy handler, for timeouts: the connection is its argument */
	size_t interrupted;        /* the byte that sqlite3_interrupt() sets, until a statement starts alone; OFFSET_UNKNOWN */
};

/* The offsets in this copy's connections, probed on this one unless they are known; its busy handler is restored. NULL if they were
 * not found, or memory is out. The caller holds the connection's mutex. */
const struct busy_offsets *offsets_busy(const struct sqlite *sqlite, sqlite3 *db);

/* The same if they were probed already, else NULL. */
const struct busy_offsets *offsets_busy_if_known(const struct sqlite *sqlite);

/* Reads the busy handler that is set now. False, with *out untouched, if layout is NULL. */
bool callback_read_busy(const struct busy_offsets *layout, const sqlite3 *db, struct busy_callback *out);

#endif
