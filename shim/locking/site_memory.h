/* site_memory.h - what a connection that waits for reservations of other processes learns of the transactions that have them.
 *
 * A process that lives for one transaction, as a page of CGI or a script of cron's, takes along what is known of its text
 * (read_sites.h), and the next one sees of it only what site_locks.h shows while both read. Where such processes pause for a
 * moment, as while readers are delayed for the -wal (wal_limit.h), all would be learnt anew. Who waits for them is there for
 * longer, as a rule, and sees how a reservation ended: one that lapsed while nobody committed is one of a transaction that reads
 * on. Where that began beside others of its text which did, the connection shows that by a lock of its own, with the time, and
 * so it counts for the next ones for three times a reservation's length, whether it reads on or has ended. If one of the text
 * shows that it wrote, or wanted to, the connection goes on to show that: it looks each few milliseconds while it writes, as
 * that process may be about to end. Such a process also leaves word of the text in the -shm (reservation_word.h), when it fails, or
 * when it lets the -shm go; whoever reserves or writes next shows it from then on, and does the same.
 *
 * A few texts for each connection, whose locks go with its -shm. The caller holds the connection's mutex. */
#ifndef SQLPROD_LOCKING_SITE_MEMORY_H
#define SQLPROD_LOCKING_SITE_MEMORY_H

#include "locking/reservation_word.h"

#include <stdbool.h>
#include <stdint.h>

struct file_shim;

#define SITE_MEMORY_TEXTS 4

/* Part of struct file_shim. */
struct site_memory {
	struct remembered_site {
		uint32_t text;
		int number;    /* of the lock that is kept: site_locks.h; 0 for none */
		uint32_t word; /* … and the word that it tells, or how long a reservation is needed */
	} sites[SITE_MEMORY_TEXTS];
	unsigned next;    /* the place of the next text */
	uint32_t word;    /* the reservation that was last waited for; 0 for none */
	uint32_t changes; /* the change counter then */
	int64_t looked;   /* when it was last looked whether one of the texts has written: CLOCK_MONOTONIC in nanoseconds */
};

/* This reservation, or claim of one who writes, is waited for, and in force. */
void site_memory_waits(struct file_shim *shim, uint32_t word);

/* Transactions of this text are known to write, from now on, and how long a reservation they need; are they so far? */
void site_memory_told(struct file_shim *shim, struct told_text told);
bool site_memory_tells(const struct file_shim *shim, struct told_text *told);

/* This word of the -shm is written over, or was seen: it may tell of a text. */
void site_memory_read(struct file_shim *shim, uint32_t word);

/* Leaves word of the text of which that is known, if there is one. */
void site_memory_leave(struct file_shim *shim);

/* The write lock was had, or a reservation: nobody writes. */
void site_memory_waited(struct file_shim *shim);

/* Before SQLite lets the -shm go. */
void site_memory_forget(struct file_shim *shim);

#endif
