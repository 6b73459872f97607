/* lock_handoff.h - whose turn it is to have a database's write lock.
 *
 * What a shim (shim.h) sees, each connection for itself, and what follows: when to wake one who waits, when to let it go first,
 * when to wait for a checkpoint. A connection that comes back at once may take the lock again for a millisecond, its turn: handing
 * over costs more than a short transaction. Nothing here can keep a lock from anybody: at worst it is found late, by one who looks.
 */
#ifndef SQLPROD_LOCKING_LOCK_HANDOFF_H
#define SQLPROD_LOCKING_LOCK_HANDOFF_H

#include "locking/file_shim.h"

/* The write lock is about to be tried; was had; is about to be given back; was given back. */
void handoff_try(struct file_shim *shim);
void handoff_acquired(struct file_shim *shim);
void handoff_releasing(struct file_shim *shim);
void handoff_released(struct file_shim *shim);

/* Lets the next one in, unless the turn goes on. */
void handoff_pass_on(struct file_shim *shim);

/* A transaction begins, with no lock held yet. May sleep a millisecond, to let one go first who was just woken. */
void handoff_before_read(struct file_shim *shim);

/* The checkpoint lock is about to be tried; somebody else has it, and will let the next one in at the end. */
void handoff_checkpoint_try(struct file_shim *shim);
void handoff_checkpoint_contended(struct file_shim *shim);

/* Waits until the write lock was given back and it is our turn (true), or until the clock shows `until`, at most HANDOFF_POLL_MAX
 * away. Who waits since an earlier time goes first. shim->shm must not be NULL. */
#define HANDOFF_POLL_MAX INT64_C(64000000)
bool handoff_wait(struct file_shim *shim, int64_t since, int64_t until);

/* Is somebody checkpointing after a commit? A writer that came now would keep the WAL from starting anew. */
bool handoff_checkpoint_runs(struct file_shim *shim);

/* Moves with each commit to the database, whoever made it. */
uint32_t handoff_changes(const struct file_shim *shim);

#endif
