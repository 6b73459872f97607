/* busy_deadline.h - until when a lock is waited for: by timeouts, by who holds it, and by whether it moves.
 *
 * busy_wait.c asks before each sleep, with the connection's mutex held. Times are those of CLOCK_MONOTONIC in nanoseconds. */
#ifndef SQLPROD_LOCKING_BUSY_DEADLINE_H
#define SQLPROD_LOCKING_BUSY_DEADLINE_H

#include "locking/busy_wait.h"

/* After a reservation has lapsed, the youngest waiter looks so late. */
#define BUSY_AFTER_LAPSE INT64_C(20000000)

/* When a wait for the write lock of a -shm, or a reservation, ends without it. */
int64_t busy_deadline_of_write_lock(struct file_shim *shim, enum busy_purpose purpose, int64_t now);

/* When any other wait ends without the lock. Where that is later than by the program's own timeout, and nobody is known to hold the
 * lock, it ends by the program's if it may be one of the thread's own connections that does. */
int64_t busy_deadline_timed(struct file_shim *shim, enum busy_purpose purpose, int64_t now);

/* Is the lock worth as long a wait as the connection's timeout allows? A transaction that went on without it could read, but not
 * write; one that begins as others did which wrote will want to. For a first statement that writes SQLite waits itself, and tries
 * to reserve anew with each try. */
bool busy_deadline_is_needed(const struct file_shim *shim, enum busy_purpose purpose);

/* A wait is over, with the lock or without, or the next one begins: what is learnt of a holder that roams, if it was waited for. */
void busy_deadline_note_roaming(struct busy_wait *wait, bool has_gone_on);

#endif
