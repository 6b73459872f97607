/* idle_lock.h - the write lock that a transaction shares since its BEGIN (shared_write.h) is given back once the transaction has
 * idled, or only read, for too long: by another thread, while its connection makes no call.
 *
 * A program without the library is kept out by that lock, and nobody would end that as long as the program does nothing. Between
 * calls of SQLite that concern locks the connection therefore leaves the lock: from then on whoever finds it due gives it back. One
 * compare-and-exchange decides whether the connection has it again or another thread gives it back; the connection waits for that,
 * a few system calls. SQLite does not know of the lock, and loses nothing by it.
 *
 * Who looks for locks that are due: the watcher (idle_watcher.h) where there may be one, else each call of SQLite for a lock, by a
 * connection that is not writing. */
#ifndef SQLPROD_LOCKING_IDLE_LOCK_H
#define SQLPROD_LOCKING_IDLE_LOCK_H

#include "locking/begin_kind.h"
#include "locking/futex.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct file_shim;

enum idle_lock_state {
	IDLE_LOCK_KEPT, /* by the connection, or there is none */
	IDLE_LOCK_LEFT,
	IDLE_LOCK_GIVING, /* another thread gives it back */
	IDLE_LOCK_GIVEN,
};

/* Part of struct file_shim, and read by other threads when that is closed, too. */
struct idle_lock {
	_Atomic uint32_t state;
	_Atomic int64_t due;             /* CLOCK_MONOTONIC in nanoseconds */
	struct begin_kind *_Atomic kind; /* of the transaction's BEGIN */
	atomic_bool has_read;            /* the transaction */
	atomic_bool is_for_any_thread;   /* its SQLite bears calls of several */
};

#define IDLE_LOCK_NEVER INT64_MAX

/* A new connection's. */
static inline void idle_lock_start(struct idle_lock *lock, bool is_for_any_thread)
{
	atomic_store_explicit(&lock->is_for_any_thread, is_for_any_thread, memory_order_relaxed);
}

/* Was it left? */
static inline bool idle_lock_is_left(const struct idle_lock *lock)
{
	return atomic_load_explicit(&lock->state, memory_order_acquire) != IDLE_LOCK_KEPT;
}

/* The connection makes a call, and had left it: has it the lock still? Waits for whoever gives it back. */
bool idle_lock_take_left(struct file_shim *shim, int64_t now);

/* The same, whether it had left it or not. */
static inline bool idle_lock_take(struct file_shim *shim, struct idle_lock *lock)
{
	return !idle_lock_is_left(lock) || idle_lock_take_left(shim, monotonic_tick());
}

/* It has the lock, and leaves it until its next call. */
void idle_lock_leave(struct idle_lock *lock);

/* Gives all locks back that are due. Returns when the next one is; IDLE_LOCK_NEVER if none is left. */
int64_t idle_lock_give_back_due(int64_t now);

/* The same, only of those whose SQLite bears calls of several threads. */
int64_t idle_lock_give_back_due_from_thread(int64_t now);

/* No later than the next one is due; IDLE_LOCK_NEVER if none was left since the last look. */
extern _Atomic int64_t idle_lock_earliest;

/* For pthread_atfork(3): a child must not inherit one that is being given back, with SQLite's own lock taken. */
void idle_lock_before_fork(void);
void idle_lock_after_fork(void);
void idle_lock_forked(void);

#endif
