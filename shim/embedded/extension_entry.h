/* extension_entry.h - our entry among the automatic extensions of an embedded copy.
 *
 * SQLite keeps them in a block of its own memory, which only sqlite3_reset_auto_extension() and sqlite3_shutdown() free: a program
 * that asks sqlite3_memory_used() after its last close would see it. So the entry goes with the last connection, where the process
 * has one thread; with others, one may be about to open. The next file that the copy opens brings it back. */
#ifndef SQLPROD_EMBEDDED_EXTENSION_ENTRY_H
#define SQLPROD_EMBEDDED_EXTENSION_ENTRY_H

#include "sqlite/copy.h"

typedef int (*extension_entry)(sqlite3 *db, char **message, const struct sqlite3_api_routines *table);

/* Registers it; SQLite keeps it once. The first time, also learns where the copy counts its entries. */
void extension_entry_add(struct copy *copy, extension_entry entry, bool first);

/* A connection of the copy has ended. */
void extension_entry_leave(struct copy *copy, extension_entry entry);

#endif
