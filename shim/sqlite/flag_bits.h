/* flag_bits.h - two flags of a connection that SQLite reads while it compiles, are foreign keys enforced, and may they wait for
 * COMMIT; how many orphans do; and how many rows the last write has changed.
 *
 * sqlite3_db_config() and the PRAGMAs that set them expire every prepared statement, and end those that run. SQLite itself reads
 * the bits only while it compiles a statement (and while ALTER TABLE renames, and counts orphans), so that a bit which is changed
 * in place for the time of one compile disturbs no other statement. Where the bits lie is learnt once for each copy of SQLite: by
 * setting them through SQLite's own functions on a connection of our own, which is on no file, and looking which bit follows. */
#ifndef SQLPROD_SQLITE_FLAG_BITS_H
#define SQLPROD_SQLITE_FLAG_BITS_H

#include "sqlite/sqlite.h"

#include <stdbool.h>
#include <stdint.h>

struct flag_bit {
	unsigned short offset; /* of its byte in the connection */
	unsigned char mask;    /* 0 where it did not show clearly */
};

struct foreign_key_bits {
	struct flag_bit enabled;  /* PRAGMA foreign_keys */
	struct flag_bit deferred; /* PRAGMA defer_foreign_keys, since 3.8.0: cleared by SQLite at each COMMIT and ROLLBACK */

	/* Where the orphans of the transaction are counted that wait for COMMIT by their schema, and by that flag; 0 if not known.
	 */
	unsigned short by_schema, by_flag;

	/* What sqlite3_changes() returns, and of how many bytes; 0 if not known. */
	unsigned short changes, changes_size;

	/* COMMIT is refused too if it counts less than none, since 3.52. Counts become negative by a row that references itself and
	 * is updated, and once a statement ran without foreign keys. */
	bool refuses_negative;
};

/* The bits of this copy's connections; NULL if memory is out. */
const struct foreign_key_bits *flag_bits_foreign_keys(const struct sqlite *sqlite);

static inline bool flag_bit_is_set(const sqlite3 *db, struct flag_bit bit)
{
	return ((const unsigned char *)db)[bit.offset] & bit.mask;
}

/* With the connection's mutex held. */
static inline void flag_bit_set(sqlite3 *db, struct flag_bit bit, bool on)
{
	unsigned char *byte = (unsigned char *)db + bit.offset;

	*byte = (unsigned char)(on ? *byte | bit.mask : *byte & ~bit.mask);
}

/* How many orphans wait for COMMIT, by both counts. With the connection's mutex held. */
int64_t flag_bits_orphans(const sqlite3 *db, const struct foreign_key_bits *bits);

/* Adds the second count to the first, and sets it to 0. With the connection's mutex held. */
void flag_bits_move_orphans(sqlite3 *db, const struct foreign_key_bits *bits);

/* Has the second one be 1, so that COMMIT is refused. With the connection's mutex held. */
void flag_bits_make_orphan(sqlite3 *db, const struct foreign_key_bits *bits);

/* Sets both counts to 0. With the connection's mutex held. */
void flag_bits_forget_orphans(sqlite3 *db, const struct foreign_key_bits *bits);

/* sqlite3_changes(), which a statement of ours has ended with 0, put back. With the connection's mutex held. */
int64_t flag_bits_changes(const sqlite3 *db, const struct foreign_key_bits *bits);
void flag_bits_set_changes(sqlite3 *db, const struct foreign_key_bits *bits, int64_t changes);

#endif
