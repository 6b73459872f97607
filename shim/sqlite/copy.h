/* copy.h - the copies of SQLite in this process that the second door has entered. */
#ifndef SQLPROD_SQLITE_COPY_H
#define SQLPROD_SQLITE_COPY_H

#include "elf/apitable.h"
#include "sqlite/callback_offsets.h"
#include "sqlite/sqlite.h"

#include <stdatomic.h>

struct sqlite3_api_routines;

/* Immutable but for its atomics, and never removed: an object that was unloaded may come back at its place. */
struct copy {
	struct copy *next;
	const struct sqlite3_api_routines *table;
	uint64_t fingerprint;
	const struct sqlite *sqlite;
	unsigned number;                                /* of its version, as 3040001 */
	const struct callback_offsets *_Atomic offsets; /* NULL until they were learnt */
	atomic_bool answered;                           /* it has made a connection since it was entered, so that it is set up */
};

/* The copy with this table; NULL if there is none, or another build lies at that address now. No lock is taken. */
struct copy *copy_find(const struct sqlite3_api_routines *table);

/* The same, made if it is new. NULL if memory is out. Takes the loader's lock: not to be called inside any of ours. */
struct copy *copy_get(const struct api_table *found);

/* The layout of its connections, learnt from this one if need be, which nobody else uses yet. Of any number of threads that learn
 * at once, one is heard. */
const struct callback_offsets *copy_offsets(struct copy *copy, sqlite3 *db);

#endif
