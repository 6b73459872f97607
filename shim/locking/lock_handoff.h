/* lock_handoff.h - hands a database's write lock from one waiter to the next.
 *
 * Each connection keeps a struct handoff of what it saw of the lock, and concludes from it when to wake a waiter, when to let a
 * woken waiter go first, and when to wait for a checkpoint. A connection that comes back at once may take the lock again for a
 * millisecond, two if its transactions are short, its slice: handing over costs more than a short transaction. Advisory only: a
 * lost wake-up costs one poll interval, never a lock. lock_handoff.c explains the protocol.
 *
 * The caller holds the connection's mutex. */
#ifndef SQLPROD_LOCKING_LOCK_HANDOFF_H
#define SQLPROD_LOCKING_LOCK_HANDOFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The clock and the waiters, which a unit test replaces. Times are those of CLOCK_MONOTONIC in nanoseconds; wait and wake as in
 * futex.h. */
struct handoff_system {
	int64_t (*now)(void);
	bool (*wait)(const volatile void *word, uint32_t class, int64_t until);
	bool (*wake)(const volatile void *word, uint32_t classes);
};

/* The kernel's; the same, but that no waiter is woken (SQLPROD_BUSY_WAIT=sqlite). */
extern const struct handoff_system handoff_kernel, handoff_unfair;

/* What became of the last attempt at the lock. */
enum handoff_attempt {
	ATTEMPT_NONE,    /* a read began since */
	ATTEMPT_REFUSED, /* another connection has the lock */
	ATTEMPT_GRANTED, /* it was had, and perhaps given back, since the last wait */
};

/* Where the connection waits. */
enum handoff_place {
	PLACE_BY_AGE,
	PLACE_WOKEN, /* it was woken, and is expected to take the lock now */
	PLACE_FIRST, /* it was woken and came too late: it goes before all others */
};

enum handoff_slice {
	SLICE_OVER,
	SLICE_NEW,
	SLICE_OBSERVED, /* the lock was given back within the slice, and a waiter was woken to look whether the owner is gone */
};

/* How the lock was given back. */
enum handoff_release {
	RELEASED_UNCHANGED,
	RELEASED_CHANGED,
	WAKE_DEFERRED, /* the next waiter is woken after the checkpoint */
};

struct handoff {
	const struct handoff_system *system;
	const char *shm; /* SQLite's mapping of the -shm, NULL while there is none */

	enum handoff_attempt attempt;
	enum handoff_place place;
	enum handoff_slice slice;
	enum handoff_release release;
	bool reacquires;         /* the last time it was given back, it was wanted again at once */
	int64_t waiters_seen_at; /* when there were other waiters; 0 for never */
	int64_t tried_at;        /* when the lock was tried last */
	int64_t acquired_at;     /* when it was had last */
	int64_t slice_began;     /* a slice may be many transactions */
	int64_t released_at;     /* 0 once it was wanted again */
	int64_t yield_until;     /* until when the woken waiter goes first; 0 for nobody */
	int64_t woken_after;     /* how long it had waited when it was woken last; 0 if it never was */
	unsigned brief_releases; /* how often it was given back to a crowd in which nobody waits for long */

	/* SQLite checkpoints after a commit that leaves so many frames in the WAL, and only a writer that begins after it can start
	 * the WAL anew. Were the next one let in before, the WAL would never end, and every commit checkpoint. */
	uint32_t checkpoint_at; /* frames, as seen; 0 for never */
	uint32_t changes;       /* the change counter when the lock was taken */
	uint32_t frames;        /* how many there were when it was given back */
};

void handoff_init(struct handoff *handoff, const struct handoff_system *system);

/* To be called, in this order, before the lock or a reservation is tried; after it was refused, or acquired; before it is given
 * back; and after that. handoff_acquired() and handoff_released() may wake a waiter. */
void handoff_try(struct handoff *handoff);
void handoff_refused(struct handoff *handoff);
void handoff_acquired(struct handoff *handoff);
void handoff_releasing(struct handoff *handoff);
void handoff_released(struct handoff *handoff);

/* Wakes the next waiter, unless the slice lasts. */
void handoff_pass_on(struct handoff *handoff);

/* The waiter that was woken last slept until the lock was given back just now: others were kept waiting. */
bool handoff_woke_waiter(const struct handoff *handoff);

/* Were there waiters lately? */
bool handoff_has_seen_waiters(const struct handoff *handoff);

/* A transaction begins, with no lock held yet. May sleep a millisecond, to let a waiter go first that was just woken; not if it is
 * known to want the lock, and asks handoff_gives_way(). */
void handoff_before_read(struct handoff *handoff, bool wants_lock);

/* Was a waiter just woken, that is to have the lock next? */
bool handoff_has_woken(const struct handoff *handoff);

/* Before handoff_try(): is a waiter to go first that was just woken? Then this connection waits for its own turn at once, instead
 * of being woken only to be refused. */
bool handoff_gives_way(struct handoff *handoff);

/* The checkpoint lock is about to be tried; another connection has it, and will wake the next waiter at the end. */
void handoff_checkpoint_try(struct handoff *handoff);
void handoff_checkpoint_contended(struct handoff *handoff);

/* May a checkpoint be due after the last commit? A writer that came before it would keep the WAL from starting anew. */
bool handoff_checkpoint_is_due(const struct handoff *handoff);

/* Waits until the write lock was given back and this waiter is woken (true), or until the clock shows `until`, at most
 * HANDOFF_POLL_MAX away, or any time if it has waited for HANDOFF_OLD. A waiter with an earlier `since` is woken first; among those
 * that have waited for HANDOFF_OLD, the one that waits without a break for longer. handoff->shm must not be NULL. */
#define HANDOFF_POLL_MAX INT64_C(128000000)
#define HANDOFF_OLD INT64_C(88000000)
bool handoff_wait(struct handoff *handoff, int64_t since, int64_t until);

/* Moves with each commit to the database, whoever made it. */
uint32_t handoff_changes(const struct handoff *handoff);

#endif
