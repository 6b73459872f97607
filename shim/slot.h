/* slot.h - which busy handler is in a connection that belongs to an embedded copy of SQLite?
 *
 * Such a program's sqlite3_busy_timeout() does not pass our door, and SQLite has no function that tells what is in the slot; PRAGMA
 * busy_timeout answers 0 for none and for a handler of the program's own alike, which are to be treated differently. So we learn
 * where a connection keeps the slot: by filling it twice, through SQLite's own functions, and looking where the values appear.
 * Memory is only read. */
#ifndef SQLPROD_SLOT_H
#define SQLPROD_SLOT_H

#include "sqlite.h"

#include <stddef.h>

struct slot_layout {
	bool known;
	size_t handler;            /* offsets in bytes: the handler, with its argument behind it */
	size_t timeout;            /* the int that PRAGMA busy_timeout answers */
	int (*stock)(void *, int); /* SQLite's own handler, for timeouts */
};

/* Learns the layout from a connection that nobody else uses yet; out->known is false if it does not show clearly. What was in the
 * slot before is lost. */
void slot_learn(const struct sqlite *sqlite, sqlite3 *db, struct slot_layout *out);

/* What is in the slot now; layout must be known. */
void slot_read(const struct slot_layout *layout, const sqlite3 *db, int (**handler)(void *, int), void **argument, int *timeout);

#endif
