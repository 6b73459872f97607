/* shm_locks.h - SQLite's locks of the -shm: the write lock, a checkpoint's and the readers' (sqlite.org/walformat.html).
 *
 * SQLite takes them by its file's xShmLock. Each is told from its number and flags, and given to those that it concerns: the order
 * of waiters, reservations, checkpoints that wait, commits in groups. */
#ifndef SQLPROD_LOCKING_SHM_LOCKS_H
#define SQLPROD_LOCKING_SHM_LOCKS_H

#include <stdbool.h>

struct file_shim;

/* In place of the file's own xShmLock, with the connection's mutex held, between shared_write_enter() and shared_write_leave().
 * Returns SQLite's code: SQLITE_BUSY also where the lock could be had and is not to be. */
int shm_locks_change(struct file_shim *shim, int offset, int n, int flags);

/* It has been called so, and returned rc: does SQLite call it again at once? */
bool shm_locks_go_on(const struct file_shim *shim, int offset, int n, int flags, int rc);

/* Has SQLite the write lock? It gives it back by that function, too. Not where the library has it on SQLite's behalf. */
bool shm_locks_is_writing(const struct file_shim *shim);

/* Does another connection checkpoint after a commit? A writer that came now would keep the WAL from starting anew. */
bool shm_locks_checkpoint_runs(struct file_shim *shim);

/* Does one copy pages into the database? Not while it waits for readers; nor if it has been killed, which the -shm does not tell.
 */
bool shm_locks_checkpoint_copies(struct file_shim *shim);

/* Calls function each time that a transaction of a WAL database gives its read lock back, with the connection's mutex held. */
void shm_locks_on_read_end(void (*function)(const struct file_shim *shim));

#endif
