/* foreign_keys_bulk.h - foreign_keys=ON by recipe, and a transaction in which very many rows come before their parents, as when a
 * dump is read back.
 *
 * While orphans wait for COMMIT, SQLite searches the children of each parent that comes for those whom it redeems; without an index
 * on the foreign key it reads the whole table each time, and a load that takes a second takes hours. It searches only while the
 * count of what waits by the flag is not 0 (src/fkey.c, OP_FkIfZero), and refuses COMMIT by the sum of both counts (flag_bits.h).
 * So once such reads became too many, what waits is moved to the other count after each statement, and nothing is searched any
 * more. COMMIT is then refused in any case, and whether there are new orphans is asked of PRAGMA foreign_key_check, which reads
 * each table once: before the first move, and at COMMIT. */
#ifndef SQLPROD_POLICY_FOREIGN_KEYS_BULK_H
#define SQLPROD_POLICY_FOREIGN_KEYS_BULK_H

#include "connection/connection.h"

#include <string.h>

/* Where connections count the orphans that wait by the flag; 0: not known, or not asked for. It is that of the only copy. */
extern _Atomic unsigned short foreign_keys_bulk_count;

/* A statement of a connection of the copy that hooks have found alone has run to its end. Do orphans wait? */
static inline bool foreign_keys_bulk_waits(const sqlite3 *db)
{
	unsigned short offset = atomic_load_explicit(&foreign_keys_bulk_count, memory_order_relaxed);
	int64_t count = 0;

	if (offset)
		memcpy(&count, (const char *)db + offset, sizeof(count));
	return count > 0;
}

/* They do: counts what it has read. */
void foreign_keys_bulk_stepped(sqlite3_stmt *stmt);

/* From now on the connection's steps are to be seen. */
void foreign_keys_bulk_arm(struct connection *connection);

/* A COMMIT was refused. Is it only for what was moved, and no row is a new orphan? */
bool foreign_keys_bulk_may_commit(struct connection *connection);

#endif
