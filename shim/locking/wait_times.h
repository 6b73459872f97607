/* wait_times.h - how long a connection's waits lasted, for the report. Pure.
 *
 * A wait ends without a call when the lock is had: it is counted once the next one begins, or the report is written. */
#ifndef SQLPROD_LOCKING_WAIT_TIMES_H
#define SQLPROD_LOCKING_WAIT_TIMES_H

#include <stdbool.h>
#include <stdint.h>

/* Waits of at most 1, 2, 4, … 32768 milliseconds, and longer ones. */
#define WAIT_CLASSES 17

struct wait_times {
	bool lasts;
	int64_t last; /* how long the last one has lasted, in nanoseconds */
	int64_t longest;
	unsigned count[WAIT_CLASSES]; /* of those before */
};

/* A poll of a wait that has lasted so long; is_new: it was the first of it. */
void wait_times_polled(struct wait_times *times, int64_t waited, bool is_new);

/* Adds the counts and the longest of these, with their last wait in it, to the sum. */
void wait_times_add(const struct wait_times *times, struct wait_times *sum);

#endif
