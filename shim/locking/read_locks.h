/* read_locks.h - who reads from a -wal, and for how long.
 *
 * Part of wal_limit.h. Called with the connection's mutex held. */
#ifndef SQLPROD_LOCKING_READ_LOCKS_H
#define SQLPROD_LOCKING_READ_LOCKS_H

#include <stdint.h>

struct file_shim;

/* A read lock, as it was when last looked at. */
struct read_lock {
	uint32_t mark; /* of the lock, while it is held */
	int64_t since; /* since when it is seen to be: CLOCK_MONOTONIC in nanoseconds, 0 if it is not */
};

/* Notes which read locks are held at that time, and since when for the same mark. Returns for how long, in nanoseconds, and in
 * *reader which one; 0 if none was held before, and *reader is untouched. Tries each lock and gives it back. */
int64_t read_locks_longest(struct file_shim *shim, int64_t now, unsigned *reader);

/* Warns once for each database that a reader, which the longest one is, keeps the -wal from being started anew. Times in
 * nanoseconds, the -wal's size in bytes. Litestream is not warned of. */
void read_locks_warn(const struct file_shim *shim, unsigned reader, int64_t lasted, int64_t size);

#endif
