/* reservation_word.h - the word by which a connection reserves a database, or says that it writes: in the last four bytes of the
 * -shm that SQLite keeps for locks and never reads or writes.
 *
 * It is 0, or the time of CLOCK_MONOTONIC in milliseconds, modulo 2^32, at which the reservation lapses. A time that has passed, or
 * is more than a minute away, is none: so is whatever a crash or another time namespace left there. It is set over 0 or a word that
 * has lapsed, and cleared by its owner alone, who is
 * - a transaction that reserves. It holds the write lock for that moment, which tells that nobody writes; or it shares the lock
 *   since its BEGIN (shared_write.h), and finds 0;
 * - a connection that writes and shares the lock: it claims the word, so that 0 tells the others that nobody writes.
 *
 * A word that is some 25 days away is no reservation either: it tells of a text by which transactions begin that write, and was
 * left by a process that ended, for whoever reserves or writes next (site_memory.h). It is set over 0 or a word that has lapsed,
 * and counts for four hours.
 *
 * The caller holds the connection's mutex. */
#ifndef SQLPROD_LOCKING_RESERVATION_WORD_H
#define SQLPROD_LOCKING_RESERVATION_WORD_H

#include <stdbool.h>
#include <stdint.h>

struct file_shim;

/* How long reservations last, in nanoseconds. */
int64_t reservation_length(void);

/* Is the -shm mapped, and of a format whose bytes are known? */
bool reservation_word_is_known(const char *shm);

/* The word in the -shm, 0 if there is none or the format is unknown. */
uint32_t reservation_word(const char *shm);

/* When the reservation that this word says lapses, at most a minute away; 0 if it says none that lasts. */
int64_t reservation_lapses_at(uint32_t word, int64_t now);

/* Has it lapsed within the last minute? */
bool reservation_has_lapsed(uint32_t word, int64_t now);

/* Has another connection a reservation that keeps this one from the write lock, or is this word one? Not if it is of the same
 * thread. */
bool reservation_blocks(struct file_shim *shim);
bool reservation_word_blocks(const struct file_shim *shim, uint32_t word);

/* Reserves from now on until that time, if the word is still as it was seen. */
bool reservation_word_set(struct file_shim *shim, uint32_t seen, int64_t now, int64_t until);

/* Has the reservation of this word together with its owner. */
void reservation_word_join(struct file_shim *shim, uint32_t word, int64_t now);

/* Has another connection of the process the reservation, too? */
bool reservation_word_is_joint(const struct file_shim *shim);

/* What the word of the connection's reservation is by now: another one if a partner has renewed it, and 0 if one has written. Then
 * the next reservation may have the same word as that one had. */
uint32_t reservation_word_own(const struct file_shim *shim);

/* Reserves until that time, if the reservation is the connection's own still; for its partners, too. */
bool reservation_word_renew(struct file_shim *shim, int64_t until);

/* Takes the connection's own away, and its partners', and says whether it was still there. */
bool reservation_word_clear(struct file_shim *shim);

/* The connection, which has the write lock to itself, has committed: what another one of its thread has reserved serves nobody. */
void reservation_word_committed(struct file_shim *shim);

/* The write lock was had: false if another connection has the database reserved. While the lock is shared, the word says from now
 * on that this connection writes: who shares the lock and finds no word need not look for a writer. It is about to be given back.
 */
bool reservation_claim(struct file_shim *shim);
void reservation_unclaim(struct file_shim *shim);

/* A text is told by as many bits of its hash, and how long a reservation such a transaction needs, as a power of two in
 * milliseconds, by as many. */
#define RESERVATION_TEXT_BITS 20
#define RESERVATION_NEEDS_BITS 4

struct told_text {
	uint32_t text, needs;
};

/* Leaves word of that text, where no reservation is in force. Which text does this word tell of? False for none. */
void reservation_word_leave(struct file_shim *shim, struct told_text told);
bool reservation_word_tells(uint32_t word, int64_t now, struct told_text *told);

/* For pthread_atfork(3): reservations of the parent are not the child's. */
void reservation_forked(void);

#endif
