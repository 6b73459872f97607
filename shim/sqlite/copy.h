/* copy.h - the embedded copies of SQLite in this process that were found. */
#ifndef SQLPROD_SQLITE_COPY_H
#define SQLPROD_SQLITE_COPY_H

#include "elf/apitable.h"
#include "sqlite/callback_offsets.h"
#include "sqlite/sqlite.h"

#include <stdatomic.h>

struct sqlite3_api_routines;

/* Immutable except for its atomics, and never removed: an unloaded object may be loaded again at the same address. */
struct copy {
	struct copy *next;
	const struct sqlite3_api_routines *table;
	uint64_t fingerprint;
	const struct sqlite *sqlite;
	unsigned number;                                /* of its version, as 3040001 */
	const struct callback_offsets *_Atomic offsets; /* NULL until they were probed */
	const uint32_t *_Atomic entries;                /* how many automatic extensions it has; NULL if that place is not known */
	atomic_bool initialized;                        /* it has called our auto extension */
	void (*_Atomic leave)(struct copy *copy);       /* takes that out, if nothing needs it any more; NULL if it has none */
};

/* The copy with this table; NULL if there is none, or if another build now lies at that address. Lock-free. */
struct copy *copy_find(const struct sqlite3_api_routines *table);

/* The same, but a missing record is made. NULL if memory is out. Takes the loader's lock: the caller must hold none of ours. */
struct copy *copy_get(const struct api_table *found);

/* A connection that was reached by hooks has ended: a copy with these functions has no entry of ours any more, if it needs none. */
void copy_leave(const struct sqlite *sqlite);

/* Has a copy with these functions automatic extensions beside ours? False where it is not known how many it has. */
bool copy_has_extensions(const struct sqlite *sqlite);

/* Where its connections keep their callbacks; probed on this connection, which no other thread uses yet, unless that was done
 * before. If several threads probe at once, the first result is kept. */
const struct callback_offsets *copy_offsets(struct copy *copy, sqlite3 *db);

/* The same for a copy that is known by its functions, if it was learnt already: to learn changes callbacks for a moment. Else NULL.
 */
const struct callback_offsets *copy_offsets_if_known(const struct sqlite *sqlite);

#endif
