/* wal_limit.h - keeps a -wal short.
 *
 * SQLite starts the -wal anew when all of it is in the database and no reader needs it. Its automatic checkpoint waits for nobody:
 * beside writers that are always there, or readers that overlap, that moment never comes, and the -wal grows without end.
 *
 * Where a checkpoint has left frames to readers, the next one delays readers that begin for some milliseconds, until those before
 * them have ended, while others write; then it holds the write lock: else each commit from then on checkpoints, and waits for the
 * disk twice. Where readers were longer than that, it is not tried again for ten seconds, by any process.
 *
 * Where checkpoints have not ended the -wal at twice the length at which they begin, the one that follows the commit which passes
 * each further such length holds the write lock, so that nothing is written meanwhile. Past journal_size_limit readers that begin
 * are delayed, three seconds at most, until those before them have ended; who writes goes on. Then, or at the latest before the
 * -wal has twice that length, the checkpoint waits for the readers in the way with the write lock, three seconds at most, and the
 * next writer starts the -wal anew. At most one connection of all processes waits for readers, and most of the time none.
 *
 * Only SQLite's automatic checkpoint does so: a program that sets wal_autocheckpoint, has a wal hook or checkpoints by itself is
 * left alone.
 *
 * Called by shm_locks.c, with the connection's mutex held. */
#ifndef SQLPROD_LOCKING_WAL_LIMIT_H
#define SQLPROD_LOCKING_WAL_LIMIT_H

#include "locking/read_locks.h"
#include "locking/wal_index.h"

#include <stdbool.h>
#include <stdint.h>

struct file_shim;

/* Part of struct file_shim. Times are those of CLOCK_MONOTONIC in nanoseconds. */
struct wal_limit {
	uint32_t before, after; /* frames when the write lock was had, and when it was given back */
	bool after_commit;      /* the connection has committed, and done nothing since */
	bool is_hindered;       /* … by a statement because of which SQLite itself may not have made a checkpoint */
	bool is_automatic;      /* the checkpoint is SQLite's own after a commit, beside readers of more than some milliseconds */
	bool is_needless;       /* … and would copy nothing, as the one before */
	bool holds;             /* the write lock, for a checkpoint */
	bool waits;             /* … which waits for readers */
	bool waits_short;       /* … for those of a few milliseconds */
	int64_t began, until;
	int64_t looked_at, looks_since; /* when readers were last looked at, and since when: 0 below the limit */
	int64_t looked_size;            /* of the -wal at that look */
	struct read_lock read_locks[WAL_READ_MARKS];
};

/* The write lock was had; was given back. A read begins. */
void wal_limit_write_locked(struct file_shim *shim);
void wal_limit_write_unlocked(struct file_shim *shim);
void wal_limit_read_begins(struct file_shim *shim);

/* The checkpoint lock is about to be tried; the checkpoint has ended, or has not begun. */
void wal_limit_checkpoint_begins(struct file_shim *shim);
void wal_limit_checkpoint_ends(struct file_shim *shim);

/* SQLite wants the write lock itself. */
void wal_limit_give_up(struct file_shim *shim);

/* The checkpoint lock; a checkpoint wants locks of readers for itself. As the file's own xShmLock, but a checkpoint that holds the
 * write lock waits. */
int wal_limit_lock_checkpoint(struct file_shim *shim, int flags);
int wal_limit_lock_readers(struct file_shim *shim, int offset, int n, int flags);

#endif
