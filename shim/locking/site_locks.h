/* site_locks.h - by which statements those transactions began that have a reservation, for other processes to see.
 *
 * Processes that did not fork from one another learn nothing of each other's transactions (read_sites.h): where each reads for
 * long, and but once perhaps, as a script of cron's does, writers would wait for the whole reservation of each. So a transaction
 * whose first statement nobody of its own has written after holds a read lock on a byte of the -shm, far past its end and past
 * what SQLite uses, from when it has its reservation until it writes or ends. While that lock is held and no reservation is in
 * force, its owner reads on though its own has lapsed, and the next one that begins by the same statement need not have one for as
 * long. The byte also tells how many there were before it, each of which read on as the next one began: the more, the shorter is
 * the next reservation; and it tells the reservation's word, for those who wait for that (site_memory.h). One that began beside
 * others and writes after all says so by another byte, until its process ends; whoever begins like it meanwhile has a reservation
 * of full length, and says the same: so that is known for as long as they overlap, and then by site_memory.h. Nothing is written,
 * nobody waits for these locks, and they go with their process.
 *
 * The caller holds the connection's mutex. */
#ifndef SQLPROD_LOCKING_SITE_LOCKS_H
#define SQLPROD_LOCKING_SITE_LOCKS_H

#include "locking/reservation_word.h"

#include <stdint.h>
#include <sys/types.h>

struct file_shim;

/* So many before it, or more. */
#define SITE_LOCK_MANY 5
/* The same of one that another process has seen to read on: site_memory.h. */
#define SITE_LOCK_SEEN 8
/* One has written. */
#define SITE_LOCK_WRITES 15
#define SITE_LOCK_WORDS (INT64_C(1) << 26)
/* Statements are told by as many bits of their hash. */
#define SITE_LOCK_TEXTS (UINT32_C(1) << RESERVATION_TEXT_BITS)

/* The byte that tells a statement's text, how many there were before it, and the low bits of the reservation's word. SQLite locks
 * bytes 120 to 128 of a -shm, and the library 129; past its end there is nothing else. */
static inline off_t site_lock_byte(uint32_t text, int number, uint32_t word)
{
	return (INT64_C(1) << 60) + ((int64_t)text * (SITE_LOCK_WRITES + 1) + number) * SITE_LOCK_WORDS + word % SITE_LOCK_WORDS;
}

/* No reservation is in force, and the transaction is to have one, for `length` nanoseconds if nothing is known of others: for how
 * long? Those of a process that is stopped, and perhaps would have written by now, do not count. */
int64_t site_lock_length(struct file_shim *shim, int64_t length);

/* The transaction has it; is to write; has ended without that. */
void site_lock_take(struct file_shim *shim);
void site_lock_wrote(struct file_shim *shim);
void site_lock_release(struct file_shim *shim);

#endif
