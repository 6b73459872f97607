/* busy_wait.h - waits for a lock.
 *
 * SQLite's own busy handler sleeps up to 100 ms, so the lock lies idle and whoever has waited longest waits longest still. Ours is
 * woken when the lock is given back (lock_handoff.h), by age; its naps get longer with the wait, for the case that nobody wakes it:
 * a program without the library, a process that was stopped. Waits for anything but the write lock of a WAL database are short
 * sleeps.
 *
 * SQLite itself does not look whether the connection was interrupted while it waits. Ours waits longer than the program's timeout,
 * so it looks from where that is over; waits that SQLite does not know end at once. SQLite then says SQLITE_BUSY, as it would have
 * without the library, or goes on and says SQLITE_INTERRUPT.
 *
 * The caller holds the connection's mutex. */
#ifndef SQLPROD_LOCKING_BUSY_WAIT_H
#define SQLPROD_LOCKING_BUSY_WAIT_H

#include "locking/busy_slot.h"
#include "locking/own_wait.h"

#include <stdbool.h>
#include <stdint.h>

struct file_shim;

/* What a wait is for. Only a statement fails when the wait ends without the lock: the others go on without it once the holder has
 * not moved for as long as a reservation lasts. */
enum busy_purpose { WAIT_OF_STATEMENT, WAIT_OF_BEGIN, WAIT_OF_RESERVATION, WAIT_PURPOSES };

/* The wait of a connection. Times are those of CLOCK_MONOTONIC in nanoseconds. */
struct busy_wait {
	enum busy_purpose purpose; /* of the wait in SQLite's busy handler; that for a reservation may fall into it */
	int64_t began[WAIT_PURPOSES];
	int64_t polled[WAIT_PURPOSES]; /* when it was last slept */
	int64_t spent[WAIT_PURPOSES];  /* how long in all */
	int64_t ended;                 /* when it was last looked at */
	int64_t moved_at;              /* when another connection was last seen to make progress */
	int64_t woken_after;           /* how long the last wait in the queue was; 0 if no wake-up ended it */
	int64_t holder_sought_at;      /* when it was last asked who holds the lock */
	bool for_roaming;              /* the holder was one that roams: holder.h */
	struct own_wait own_wait;
	uint32_t changes, reserved; /* the change counter and the reservation, as last seen */
	int64_t reserved_at;        /* when the latter was seen first in this wait */
	uint32_t polled_changes;    /* the change counter at the last poll */
	int timeout;                /* milliseconds */
	bool begin_gave_up;         /* the transaction's BEGIN has waited that long, without WAL, and began without the lock */
	struct busy_slot slot;
	unsigned count, given_up; /* for the report: waits, and those that ended without the lock */
	int64_t waited;
};

/* Sleeps once, and counts it; count says how often in this wait. False gives up: the time is over, or the holder cannot go on. */
bool busy_wait_sleep(struct file_shim *shim, enum busy_purpose purpose, int count);

/* Has the program called sqlite3_interrupt()? */
bool busy_wait_is_interrupted(const struct file_shim *shim);

/* Is the lock waited for still, however long a busy handler of the program's own would wait? */
bool busy_wait_goes_on(struct file_shim *shim, enum busy_purpose purpose, int count);

#endif
