/* reservation.h - lets a deferred transaction read first and write later, without holding a lock meanwhile.
 *
 * A transaction that was begun without the write lock reads a snapshot, and its first write fails if another connection has
 * committed since (SQLITE_BUSY_SNAPSHOT). With a reservation it writes at its first read, once the write lock is free, "mine until
 * T" into the -shm. No connection with the library takes the write lock, or reserves, until the transaction writes, ends, or T has
 * passed. So it finds its snapshot current when it writes; a process that is killed or stopped delays others no longer than T; and
 * while it only reads it holds no lock. Connections without the library know nothing of it: what SQLite promises holds, and no
 * more.
 *
 * The caller holds the connection's mutex. */
#ifndef SQLPROD_LOCKING_RESERVATION_H
#define SQLPROD_LOCKING_RESERVATION_H

#include "locking/read_sites.h"
#include "locking/reservation_word.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct file_shim;

/* What a transaction gets at its first read, if it was begun without the write lock. */
enum reservation_policy {
	READ_FREELY,
	READ_RESERVED,
	READ_LOCKED, /* the write lock, taken on its behalf: SQLite does not know that it is held */
};

enum reservation_state {
	RESERVATION_NONE,
	RESERVATION_HELD,
	RESERVATION_LOCKED, /* the write lock is held on the transaction's behalf */
};

struct reservation {
	enum reservation_policy policy; /* of the connection's last BEGIN or SAVEPOINT */
	bool shares;                    /* … and shares the write lock from its beginning: shared_write.h */
	enum reservation_state state;
	uint32_t word;  /* what was written into the -shm */
	uint32_t claim; /* what stands there while the connection writes and shares the lock; 0 if it does not */
	unsigned claim_forks;
	unsigned forks;              /* of the process's ancestors, when it was written */
	int64_t since;               /* when it was had: CLOCK_MONOTONIC in nanoseconds */
	bool is_reading;             /* a transaction reads */
	bool is_pending;             /* … that has not written */
	bool is_ahead;               /* it was reserved, or not to be had, with another of the connection's, and is not read yet */
	bool is_retried;             /* SQLite gives its read lock back once before it takes it again */
	bool has_header;             /* SQLite reads: it will ask for a read lock, or has */
	char header[48];             /* … as it has read it, or a later one */
	struct begin_kind *kind;     /* of its plain BEGIN; NULL if it has another, or none is known */
	int64_t site_lock;           /* the byte of the -shm that is locked for the next; 0 for none: site_locks.h */
	uint8_t site_before;         /* so many like it read on, each as the next one began */
	struct read_site *site;      /* of the statement that it begins with */
	bool site_reads;             /* … which does not write */
	struct read_site *next_site; /* of the statement that started last, if that is known and it has not read yet */
	bool next_reads;
};

/* For reserve_all.c: ends it, and wakes a waiter. */
void reservation_give_back(struct file_shim *shim);

/* The policy is READ_LOCKED, and the transaction has begun: takes the lock now, if the -shm is mapped. The transaction has ended:
 * gives it back, if it is held and no read will do so. */
void reservation_begun(struct file_shim *shim);
void reservation_ended(struct file_shim *shim);

/* Is a transaction to reserve as it now begins to read, unless it is known to only read, and wait for its turn if a waiter was just
 * woken? Not where the program has a busy handler: that is called only if the lock was refused. */
bool reservation_gives_way(const struct file_shim *shim);

/* SQLite is about to take a read lock, and has read the header for that; takes it; is to read the header once more instead, as that
 * has changed while the reservation was waited for; did not get it, and may try again or fail; has given it back. */
void reservation_header_read(struct file_shim *shim);
void reservation_before_read(struct file_shim *shim);
bool reservation_reads_anew(struct file_shim *shim);
void reservation_read_failed(struct file_shim *shim);
void reservation_after_read(struct file_shim *shim);

/* The transaction wants to write, and is kept from the write lock: what it reserved lasts as long again, if it is its own still. */
void reservation_renew(struct file_shim *shim);

/* The write lock is wanted by a transaction that has already read. Waits for another connection's reservation to end, which is not
 * long, as SQLite would not wait. */
void reservation_wait_out(struct file_shim *shim);

/* The write lock is wanted: has the connection a reservation, and did it last? */
bool reservation_before_write(struct file_shim *shim);

/* The transaction has the write lock, and no need for its reservation any more. */
void reservation_written(struct file_shim *shim);

#endif
