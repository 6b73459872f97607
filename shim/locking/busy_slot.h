/* busy_slot.h - where SQLite keeps a connection's busy handler, and how one of ours is put there.
 *
 * sqlite3_busy_handler() makes PRAGMA busy_timeout tell 0. To have it tell the truth, by whatever way it is asked, the number is
 * put back where SQLite keeps it.
 *
 * The caller holds the connection's mutex. */
#ifndef SQLPROD_LOCKING_BUSY_SLOT_H
#define SQLPROD_LOCKING_BUSY_SLOT_H

#include "sqlite/busy_offsets.h"

#include <stdatomic.h>
#include <stdbool.h>

struct busy_slot {
	void **callback;                    /* the handler, and its argument behind it; NULL if that is not known */
	int *pragma_timeout;                /* what PRAGMA busy_timeout answers */
	int (*sqlite_handler)(void *, int); /* SQLite's own handler */
	const unsigned char *interrupted;   /* what sqlite3_interrupt() sets; NULL if that is not known */
};

/* Only what sqlite3_interrupt() sets. */
void busy_slot_find_interrupted(struct busy_slot *slot, const struct busy_offsets *layout, const sqlite3 *db);

/* Was the connection interrupted? Another thread may do that at any time. */
static inline bool busy_slot_is_interrupted(const struct busy_slot *slot)
{
	return slot->interrupted && atomic_load_explicit((const _Atomic unsigned char *)slot->interrupted, memory_order_relaxed);
}

/* Is this handler with this argument in it? False where the slot is not known. */
bool busy_slot_has(const struct busy_slot *slot, int (*handler)(void *, int), const void *argument);

/* Is SQLite's own? */
bool busy_slot_has_sqlites(const struct busy_slot *slot, const sqlite3 *db);

/* As sqlite3_busy_timeout(), and puts ours in the place of SQLite's own handler, if that is what is there then and is known. Fills
 * *slot in. Returns SQLite's code. */
int busy_slot_set_timeout(struct busy_slot *slot, const struct sqlite *sqlite, sqlite3 *db, int milliseconds,
			  int (*handler)(void *, int), void *argument);

/* Puts SQLite's own handler in the place of this one of ours, if that is what is there. */
void busy_slot_give_back(const struct busy_slot *slot, sqlite3 *db, int (*handler)(void *, int), const void *argument);

#endif
