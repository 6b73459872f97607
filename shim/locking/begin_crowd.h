/* begin_crowd.h - learns that transactions which idle after BEGIN keep programs without the library from the write lock all the
 * time.
 *
 * Transactions that idle for a moment, each for less than a reservation lasts, share the lock nearly without a break if there are
 * enough of them, in whichever processes, or one begins anew at once. No BEGIN alone is at fault, and a text that is new each time
 * cannot be learnt (begin_kind.h). So a transaction looks now and then, as it begins and as it reads, whether the lock is in use.
 * While nearly all looks find it so, BEGINs of the process share it from their transaction's first read on only: before that
 * nothing is read that could be out of date.
 *
 * Of a database, for the process, without locks. */
#ifndef SQLPROD_LOCKING_BEGIN_CROWD_H
#define SQLPROD_LOCKING_BEGIN_CROWD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct file_shim;

/* Part of struct begin_mode. */
struct begin_crowd {
	_Atomic int64_t look_due; /* CLOCK_MONOTONIC in nanoseconds */
	_Atomic uint32_t in_use;  /* how many of the last looks found the lock in use: a mean that moves */
	atomic_bool is_crowded;
};

/* Was the last look long ago? */
static inline bool begin_crowd_is_due(const struct begin_crowd *crowd, int64_t now)
{
	return now >= atomic_load_explicit(&crowd->look_due, memory_order_relaxed);
}

/* A plain BEGIN runs, and shares nothing yet; its transaction reads for the first time. Looks, if that is due. Logs when the
 * process finds the lock in use so for the first time. */
void begin_crowd_look(struct file_shim *shim, int64_t now);

/* Is a BEGIN to leave the lock alone until its transaction reads? */
static inline bool begin_crowd_leaves(const struct begin_crowd *crowd)
{
	return atomic_load_explicit(&crowd->is_crowded, memory_order_relaxed);
}

#endif
