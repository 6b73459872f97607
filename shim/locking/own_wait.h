/* own_wait.h - a wait for a lock of which holder.h knows nothing: does it wait for a connection of the caller's own thread?
 *
 * holder.h tells who has the write lock of a main database in WAL mode, not who has those of a rollback journal, of readers that a
 * checkpoint waits for, of an attached database, or of locking_mode=EXCLUSIVE. Where no other process has one, and another
 * connection that could is in the midst of a transaction, it is taken for that. */
#ifndef SQLPROD_LOCKING_OWN_WAIT_H
#define SQLPROD_LOCKING_OWN_WAIT_H

#include "locking/holder.h"

#include <stdint.h>
#include <time.h>

struct connection;
struct file_shim;

/* Part of struct busy_wait. */
struct own_wait {
	int64_t began; /* the wait */
	int64_t looked_at;
	unsigned times; /* in a row */
	enum holder_kind kind;
	struct timespec written; /* the database file, as last seen */
};

/* Which of the process's transactions that may be in the way of this connection can least go on while it waits, once several looks
 * have shown no other process with a lock of the database; HOLDER_ELSEWHERE before, and where there is none. For each poll of the
 * wait that began then. */
enum holder_kind own_wait_look(struct file_shim *waiter, int64_t now, int64_t began);

/* The same in parts, for a connection without a shim. Is it time for a look, in the wait that began then? What the look finds among
 * the process's connections, whoever else has a lock of the file (as in waiters.h), is noted; and what has been noted is the
 * answer. */
bool own_wait_is_due(struct own_wait *own, int64_t now, int64_t began);
enum holder_kind own_wait_find(const struct connection *waiter, uintptr_t file);
void own_wait_note(struct own_wait *own, enum holder_kind kind);
enum holder_kind own_wait_kind(const struct own_wait *own);

#endif
