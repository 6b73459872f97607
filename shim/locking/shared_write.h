/* shared_write.h - the write lock of a WAL database, which a transaction that has only begun holds together with others.
 *
 * After a plain BEGIN the write lock is to be seen taken from outside, as after BEGIN IMMEDIATE, but nobody with the library is to
 * wait for a transaction that idles or only reads. So such a transaction holds SQLite's write lock shared (F_RDLCK on byte 120 of
 * the -shm, by the VFS's own xShmLock()). SQLite does not know of it, and neither takes nor needs it. A program without the library
 * asks for the lock alone and is refused. A writer with the library that finds the lock shared shares it too, and keeps the other
 * writers with the library out by a second lock, on a byte of the -shm's locks that SQLite does not use. A transaction that shares
 * the lock, has the database reserved, and writes, takes it to itself (F_WRLCK instead) if nobody else shares it: one system call
 * less.
 *
 *                            | alone, to itself | shared | shared, and the second lock
 * ---------------------------|------------------|--------|----------------------------
 * alone (SQLite's own way)   |        -         |   -    |   -
 * to itself (writes)         |        -         |   -    |   -
 * shared (has begun)         |        -         |  yes   |  yes
 * shared, and the second     |        -         |  yes   |   -
 *
 * So there is one writer at most, whoever has the library and who has not; every lock goes with its process; nothing is written;
 * and a stopped process keeps only those out who lack the library. A transaction that has begun, and idles or only reads, shares
 * the lock until it is due: idle_lock.h.
 *
 * The caller holds the connection's mutex. */
#ifndef SQLPROD_LOCKING_SHARED_WRITE_H
#define SQLPROD_LOCKING_SHARED_WRITE_H

#include <stdbool.h>
#include <stdint.h>

struct file_shim;
struct second_lock;

enum write_hold {
	WRITE_NONE,
	WRITE_ALONE,
	WRITE_SHARED, /* with the second lock */
	WRITE_OWN,    /* shared before, and to itself now */
};

/* Part of struct file_shim. */
struct shared_write {
	enum write_hold hold;
	bool has_begun;             /* a transaction that has begun shares the lock */
	unsigned calls;             /* under way: shared_write_enter() */
	bool goes_on;               /* the next one follows at once: shared_write_go_on() */
	unsigned forks;             /* of the process's ancestors, as of the last look */
	struct second_lock *second; /* of this -shm; NULL until it is needed */
	unsigned own_refused;       /* so many times in a row others were found to share the lock, … */
	int64_t own_refused_at;     /* … the last time then: CLOCK_MONOTONIC in nanoseconds */
};

/* The write lock, for SQLite or for a moment's look: SQLITE_OK, or what xShmLock() says. */
int shared_write_lock(struct file_shim *shim);

/* The transaction shares the lock, and is to write: takes the lock to itself, by one system call, if nobody else shares it. False
 * if that cannot be, or could not a few times in a row, some milliseconds ago at most: then shared_write_lock() tells. */
bool shared_write_lock_own(struct file_shim *shim);

/* Whoever had the lock to itself does not share it any more. */
int shared_write_unlock(struct file_shim *shim);

/* May the lock be shared here? Not where the -shm is no file that is known. */
bool shared_write_is_possible(const struct file_shim *shim);

/* A transaction has begun, and shares the lock from now on, if nobody has it alone, until the time `due`; it has read by now, or
 * has not. It has ended, or is to be seen no more. */
void shared_write_begin(struct file_shim *shim, int64_t due, bool has_read);
void shared_write_end(struct file_shim *shim);

/* Around each call of SQLite that may concern the connection's locks of the -shm: between two of them another thread may give back
 * what a transaction that has begun shares. */
void shared_write_enter(struct file_shim *shim);
void shared_write_leave(struct file_shim *shim);

/* In place of leave: SQLite makes its next such call at once, with nothing in between. No other thread gives back meanwhile what is
 * shared. */
void shared_write_go_on(struct file_shim *shim);

/* Another thread gives it back, between two calls. */
bool shared_write_give_back(struct file_shim *shim);

/* Before SQLite lets the -shm go: gives back what is held. */
void shared_write_forget(struct file_shim *shim);

/* For pthread_atfork(3): locks of the parent are not the child's. */
void shared_write_forked(void);

#endif
