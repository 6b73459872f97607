/* registry.h - finds the record of an open database handle.
 *
 * Finding takes no lock, as it is done before every statement. Records are never freed but reused, so that a thread that follows a
 * chain never reads freed memory. */
#ifndef SQLPROD_CONNECTION_REGISTRY_H
#define SQLPROD_CONNECTION_REGISTRY_H

#include "base/hash.h"
#include "connection/connection.h"

#define REGISTRY_BITS 10
extern struct connection *_Atomic registry_buckets[1 << REGISTRY_BITS] __attribute__((visibility("hidden")));

/* Handles are heap blocks of some 700 bytes: the low bits of their addresses differ little. */
static inline struct connection *_Atomic *registry_bucket_of(const sqlite3 *db)
{
	return &registry_buckets[hash_place((uintptr_t)db, REGISTRY_BITS)];
}

/* The record of db as a first look finds it, without a call. NULL says nothing: registry_find() may find it. */
static inline struct connection *registry_peek(const sqlite3 *db)
{
	struct connection *connection = atomic_load_explicit(registry_bucket_of(db), memory_order_acquire);

	while (connection && atomic_load_explicit(&connection->db, memory_order_acquire) != db)
		connection = atomic_load_explicit(&connection->chain, memory_order_acquire);
	/* a record that was dropped during the search has no handle */
	return db ? connection : NULL;
}

/* The record of db; NULL if its opening was not seen. The program keeps db open during its call, so the record cannot be reused
 * meanwhile. */
struct connection *registry_find(const sqlite3 *db);

/* A zeroed record that is not linked yet; NULL when memory is out. */
struct connection *registry_allocate(void);

/* Makes it the record of db. A record left by an earlier handle at the same address is dropped. */
void registry_insert(struct connection *connection, sqlite3 *db);

/* The serial number of the newest record. As long as it stays the same no connection was opened that was seen. */
extern _Atomic uint64_t registry_last_serial __attribute__((visibility("hidden")));
static inline uint64_t registry_newest(void)
{
	return atomic_load_explicit(&registry_last_serial, memory_order_relaxed);
}

/* Drops the record if it still has this serial number: after sqlite3_close() has freed a handle, another thread may have opened a
 * new one at its address, and even reused this record, before the closing thread gets here. */
void registry_forget(struct connection *connection, uint64_t serial);

/* Sets connection->closing, under the registry's lock: true before sqlite3_close(), false after it failed. */
void registry_note_closing(struct connection *connection, bool closing);

/* For what else is changed rarely and must be found whole by a forked child: a few system calls at most. */
void registry_lock(void);
bool registry_try_lock(void);
void registry_unlock(void);

/* Calls visit for every record under the registry's lock; visit must not call the registry, and of SQLite nothing
 * that waits. */
void registry_visit(void (*visit)(struct connection *, void *), void *argument);

/* The connection's file and inode are known from now on. */
void registry_note_file(struct connection *connection);

/* As registry_visit(), but for those that have this file object or inode, the oldest first, until visit returns false. */
void registry_visit_peers(enum peers kind, uint64_t key, bool (*visit)(struct connection *, void *), void *argument);

/* For pthread_atfork(3): the child finds the lock free, or held by the very thread that forked in a signal handler, which gives it
 * back in both processes when the handler returns. */
void registry_before_fork(void);
void registry_after_fork(void);

#endif
