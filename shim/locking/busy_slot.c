/* busy_slot.c - the busy handler in a connection of SQLite's. */
#include "locking/busy_slot.h"

#include "sqlite/probe.h"

#include <stdint.h>

void busy_slot_find_interrupted(struct busy_slot *slot, const struct busy_offsets *layout, const sqlite3 *db)
{
	if (layout->interrupted != OFFSET_UNKNOWN)
		slot->interrupted = (const unsigned char *)db + layout->interrupted;
}

/* Fills *slot in unless it is already. False if this SQLite's is not known: then its own handler is to stay. */
static bool find(struct busy_slot *slot, const struct sqlite *sqlite, sqlite3 *db)
{
	const struct busy_offsets *layout;

	if (slot->callback)
		return true;
	layout = offsets_busy(sqlite, db);
	if (!layout)
		return false;
	slot->callback = (void **)(void *)((char *)db + layout->handler);
	slot->pragma_timeout = (int *)(void *)((char *)db + layout->timeout);
	slot->sqlite_handler = layout->stock;
	busy_slot_find_interrupted(slot, layout, db);
	return true;
}

bool busy_slot_has(const struct busy_slot *slot, int (*handler)(void *, int), const void *argument)
{
	return slot->callback && slot->callback[0] == (void *)(uintptr_t)handler && slot->callback[1] == argument;
}

bool busy_slot_has_sqlites(const struct busy_slot *slot, const sqlite3 *db)
{
	return busy_slot_has(slot, slot->sqlite_handler, db);
}

static int take(const struct busy_slot *slot, const struct sqlite *sqlite, sqlite3 *db, int milliseconds,
		int (*handler)(void *, int), void *argument)
{
	int rc;

	if (!busy_slot_has_sqlites(slot, db) || *slot->pragma_timeout != milliseconds)
		return SQLITE_OK;
	rc = sqlite->busy_handler(db, handler, argument);
	if (rc != SQLITE_OK || *slot->pragma_timeout != 0 || !busy_slot_has(slot, handler, argument))
		return sqlite->busy_timeout(db, milliseconds);
	*slot->pragma_timeout = milliseconds;
	return SQLITE_OK;
}

int busy_slot_set_timeout(struct busy_slot *slot, const struct sqlite *sqlite, sqlite3 *db, int milliseconds,
			  int (*handler)(void *, int), void *argument)
{
	bool ours = milliseconds > 0 && find(slot, sqlite, db);
	int rc = sqlite->busy_timeout(db, milliseconds);

	return ours && rc == SQLITE_OK ? take(slot, sqlite, db, milliseconds, handler, argument) : rc;
}

void busy_slot_give_back(const struct busy_slot *slot, sqlite3 *db, int (*handler)(void *, int), const void *argument)
{
	if (!busy_slot_has(slot, handler, argument))
		return;
	slot->callback[0] = (void *)(uintptr_t)slot->sqlite_handler;
	slot->callback[1] = db;
}
