/* group_commit.h - lets a durable commit wait for the disk after it has given the write lock back.
 *
 * With synchronous=FULL SQLite syncs the -wal before it gives the write lock back, so commits wait for the disk one after the
 * other. Here that sync is put off until the lock is free: commits that follow are written meanwhile, and wait at the same time.
 * SQLite's COMMIT returns after it, with its error if there is one. Each commit calls fdatasync() itself: the kernel has one write
 * to the disk serve all who wait, and does so better than a leader that syncs for others (docs/benchmarks.md has figures).
 *
 * Others see a commit before it is durable. What they write in turn lies behind it in the -wal, and is durable only with it.
 *
 * Called by shm_locks.c, with the connection's mutex held. */
#ifndef SQLPROD_LOCKING_GROUP_COMMIT_H
#define SQLPROD_LOCKING_GROUP_COMMIT_H

#include "sqlite/sqlite.h"

#include <stdatomic.h>

struct file_shim;

/* Part of struct file_shim. */
struct group_commit {
	bool wanted;             /* by the settings */
	bool writes;             /* a transaction has the write lock */
	bool header_written;     /* … and has begun the -wal anew: its header is to be synced first */
	bool put_off;            /* the sync of the commit that is under way */
	int flags;               /* … and what SQLite called xSync with */
	int read_lock;           /* the transaction's lock of the -shm; 0 if it has none */
	bool read_lock_returned; /* … was given back before SQLite did so */
	atomic_bool in_doubt;    /* a sync has failed: what the -wal holds may not be on the disk */
	unsigned count;          /* commits that waited after the lock was given back */
};

/* The write lock was had; is given back. */
void group_commit_write_locked(struct file_shim *shim);
void group_commit_write_unlocked(struct file_shim *shim);

/* The read lock was had; is it given back already? */
void group_commit_read_locked(struct file_shim *shim, int offset);
bool group_commit_read_unlocked(struct file_shim *shim);

/* SQLite has committed and holds no write lock (SQLITE_FCNTL_COMMIT_PHASETWO). Waits for the disk. What this returns is the result
 * of the COMMIT: SQLITE_IOERR_FSYNC if the sync failed. */
int group_commit_wait(struct file_shim *shim);

/* The header of a -wal that is begun anew was written. */
void group_commit_header_written(struct file_shim *shim);

/* Instead of xSync of the -wal. Returns its code; SQLITE_OK if the sync is put off. */
int group_commit_sync(struct file_shim *shim, int flags);

/* SQLite is about to close the -wal. */
void group_commit_forget(struct file_shim *shim);

#endif
