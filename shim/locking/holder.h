/* holder.h - which connection of this process holds a database's write lock, or has it reserved.
 *
 * A waiter must not wait for a connection that cannot go on while it waits: one of the same thread, or one whose calls come from
 * whichever thread of a pool is free (libuv's), as the waiter's own. Takes no lock: the records are read as they change. */
#ifndef SQLPROD_LOCKING_HOLDER_H
#define SQLPROD_LOCKING_HOLDER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct holder {
	struct holder *next;         /* of the process; never changes once linked */
	_Atomic(const char *) holds; /* the -shm of the database that it holds or has reserved; NULL for none */
	int place;                   /* … where it stands among those that hold: holder.c */
	_Atomic uint32_t word;       /* of its reservation, or claim; 0 for none */
	atomic_ulong thread;         /* 0 for none yet */
	atomic_bool is_pooled;       /* its calls come from more than one thread */
	atomic_bool has_lock;
};

enum holder_kind {
	HOLDER_ELSEWHERE,  /* of another process, or not known */
	HOLDER_IN_PROCESS, /* of this process, and may go on while the caller waits */
	HOLDER_POOLED,     /* … and may not, if waiters fill the pool that its calls come from */
	HOLDER_ROAMING,    /* … and its last call came from the caller's thread, while others of the process come from any */
	HOLDER_OF_THREAD,  /* … and cannot: holder_waits_for_caller() */
};

/* A wait for one that roams is over: had it gone on meanwhile? What runs goroutines, or tasks, gives them another thread while one
 * is kept waiting; a pool of few threads does not, nor does a program whose thread has two connections. As long as most go on,
 * holder_find() takes such a holder for one that may. */
void holder_roamed(bool has_gone_on);

/* Adds the record to the list of the process; it must never be freed. */
void holder_link(struct holder *holder);

/* The record is that of a new connection from now on. */
void holder_start(struct holder *holder);

/* A call for the connection comes from this thread. */
void holder_seen(struct holder *holder);

/* The number of the caller's thread, which no other ever has; never 0. */
unsigned long holder_thread(void);

/* Was the connection's last call made by the caller's thread? */
bool holder_is_of_thread(const struct holder *holder);

/* HOLDER_POOLED or HOLDER_IN_PROCESS, for one whose last call came from another thread than the caller's. A thread
 * that waits for a lock of the same file itself, on another connection, is taken for one of a pool: it does not go on with this one
 * meanwhile, another may. The file is named as in waiters.h. */
enum holder_kind holder_kind_elsewhere(const struct holder *holder, uintptr_t file);

/* Can it not go on while the caller waits: was it, or does the caller's thread have the lock of an interpreter, without which none
 * of its threads runs (interpreter_lock.h)? */
bool holder_waits_for_caller(const struct holder *holder);

/* The connection has reserved this -shm by this word, or has got its lock, and claims it by the word; with NULL, it has neither any
 * more. */
void holder_set(struct holder *holder, const char *shm, uint32_t word);
void holder_set_lock(struct holder *holder, const char *shm, uint32_t word);

/* Who else in this process has reserved this -shm by that word has reserved it by the other one from now on; by none if that is 0.
 */
void holder_replace_word(const struct holder *except, const char *shm, uint32_t word, uint32_t other);

/* Who else in this process holds the lock of this -shm (word 0), or has it reserved by this word, which may have lapsed, seen from
 * the thread that wants it. Of several that have that together, the one that can go on the least. */
enum holder_kind holder_find(const struct holder *waiter, const char *shm, uint32_t word);

/* For pthread_atfork(3): what the parent has reserved, none of the child's connections has. For its lock, which may not come free
 * before the child has ended, the child waits as for one of its own. */
void holder_forked(void);

#endif
