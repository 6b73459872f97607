/* site_locks.h - by which statements those transactions began that have a reservation, for other processes to see.
 *
 * Processes that did not fork from one another learn nothing of each other's transactions (read_sites.h): where each reads for
 * long, and but once perhaps, as a script of cron's does, writers would wait for the whole reservation of each. So a transaction
 * whose first statement nobody of its own has written after holds a read lock on one byte of the -shm, far past its end and past
 * what SQLite uses, from when it has its reservation until it writes or ends. While that lock is held and no reservation is in
 * force, its owner reads on though its own has lapsed, and the next one that begins by the same statement need not have one for as
 * long. Nothing is written, nobody waits for these locks, and they go with their process.
 *
 * The caller holds the connection's mutex. */
#ifndef SQLPROD_LOCKING_SITE_LOCKS_H
#define SQLPROD_LOCKING_SITE_LOCKS_H

#include <stdbool.h>

struct file_shim;

/* The transaction has its reservation; is to write, or has ended. */
void site_lock_take(struct file_shim *shim);
void site_lock_release(struct file_shim *shim);

/* No reservation is in force: does a transaction of another process read on that began by the same statement? Not one of a process
 * that is stopped, and perhaps would have written by now. */
bool site_lock_is_outlasted(const struct file_shim *shim);

#endif
