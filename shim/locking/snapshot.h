/* snapshot.h - the first write of a transaction that has read, while another connection has the write lock.
 *
 * SQLite does not wait then: it fails with SQLITE_BUSY, as two that have read could wait for each other. It may be that whoever has
 * the lock gives it back without a commit; then what was read is current still, and the transaction can write.
 *
 * The caller holds the connection's mutex, and a read lock in the -shm. */
#ifndef SQLPROD_LOCKING_SNAPSHOT_H
#define SQLPROD_LOCKING_SNAPSHOT_H

#include <stdbool.h>

struct file_shim;

/* Does the connection read on by a snapshot, which a new attempt at its statement would not renew? SQLite fails at once then. */
bool snapshot_is_kept(const struct file_shim *shim);

/* Tries the write lock, which was refused, until it is had, another connection has committed, or there is no point in waiting any
 * more. Returns SQLite's code. */
int snapshot_wait(struct file_shim *shim);

/* The same, but as long as another connection checkpoints alone. */
int snapshot_wait_for_checkpoint(struct file_shim *shim);

#endif
