/* refused_locks.h - remembers for some milliseconds that readers had their locks, so as not to ask the kernel again.
 *
 * SQLite tries the locks of the readers' marks one after the other with each read that begins where the -wal has grown past all
 * of them, and with each checkpoint. Beside readers that read on for long each try is refused, by a system call of its own. Who is
 * told so without one finds the next mark, or copies nothing, as it would have if the reader had stayed for those milliseconds.
 *
 * The caller holds the connection's mutex. */
#ifndef SQLPROD_LOCKING_REFUSED_LOCKS_H
#define SQLPROD_LOCKING_REFUSED_LOCKS_H

#include "locking/wal_index.h"

#include <stdbool.h>
#include <stdint.h>

struct file_shim;

/* Part of struct file_shim. Times are those of CLOCK_MONOTONIC in nanoseconds, 0 for never. */
struct refused_locks {
	int64_t marks[WAL_READ_MARKS]; /* when each was refused last */
	unsigned had;                  /* the one that was had last, and is found when those before it are refused */
	int64_t copied_nothing;        /* when an automatic checkpoint last found readers in its way */
	uint32_t backfilled;           /* … and what had been copied by then; when it began */
};

/* A read begins, and is to move this mark (1 to 4): was that refused a moment ago? It was tried: was it had? */
bool refused_locks_has_mark(const struct file_shim *shim, unsigned mark);
void refused_locks_tried(struct file_shim *shim, unsigned mark, bool had);

/* SQLite's automatic checkpoint begins, at `now`: would it copy nothing, as the last one did a moment ago? It has begun; has ended.
 */
bool refused_locks_has_checkpoint(const struct file_shim *shim, int64_t now);
void refused_locks_checkpoint_begun(struct file_shim *shim);
void refused_locks_checkpoint_ended(struct file_shim *shim, int64_t now);

#endif
