/* reset_guard.h - puts off a checkpoint that would lose transactions (sqlite.org/wal.html#walresetbug).
 *
 * SQLite reads the WAL's header once it has the checkpoint lock, or waits for the write lock as well and reads it then. Up
 * to 3.51.2 a writer could start the WAL anew before the copying began: frames that were never copied counted as copied, and their
 * transactions were lost. With the backfill lock nobody can start it anew any more: what happened until then shows in the salt, and
 * a checkpoint that finds this lock taken is put off.
 *
 * The caller holds the connection's mutex. */
#ifndef SQLPROD_LOCKING_RESET_GUARD_H
#define SQLPROD_LOCKING_RESET_GUARD_H

#include <stdbool.h>
#include <stdint.h>

struct reset_guard {
	uint64_t salt;    /* the WAL's, when the checkpoint lock was taken, or the write lock after it */
	bool checkpoints; /* the connection has the checkpoint lock */
};

/* The checkpoint lock was tried, or given back; shm is SQLite's mapping of the -shm, NULL if there is none. */
void reset_guard_checkpoint_lock(struct reset_guard *guard, const char *shm, bool has_lock);

/* The write lock was tried, or given back. */
void reset_guard_write_lock(struct reset_guard *guard, const char *shm);

/* The backfill lock was had: is the checkpoint to be put off? */
bool reset_guard_refuses(const struct reset_guard *guard, const char *shm);

#endif
