/* registry.c - a hash table of open handles, read without a lock and changed under one. */
#include "connection/registry.h"

#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A record's first members are kept when it is reused: another thread may be following the chain through it. */
#define KEPT offsetof(struct connection, interest)

struct connection *_Atomic registry_buckets[1 << REGISTRY_BITS];
static struct connection *spare;     /* under lock */
static struct connection *every;     /* under lock: all records, in use or not */
static _Atomic uint64_t last_serial; /* changed under lock */

/* A lock that says who holds it: a signal handler that forks may have interrupted its holder, and fork() is not to wait for that.
 * The holder is known by the address of something of its thread's; that stays the same in a forked child. */
static const char *_Atomic holder;
static _Thread_local const char self;

static bool is_mine(void)
{
	return atomic_load_explicit(&holder, memory_order_relaxed) == &self;
}

/* The lock is held for some hundred instructions, or while registry_visit() runs. */
static void lock(void)
{
	static const struct timespec nap = {.tv_nsec = 50000};
	const char *nobody = NULL;

	for (unsigned tries = 0;
	     !atomic_compare_exchange_weak_explicit(&holder, &nobody, &self, memory_order_acquire, memory_order_relaxed); tries++) {
		nobody = NULL;
		if (tries < 100)
			sched_yield();
		else
			nanosleep(&nap, NULL);
	}
}

static void unlock(void)
{
	atomic_store_explicit(&holder, NULL, memory_order_release);
}

/* How many fork()s of signal handlers are under way that interrupted the lock's holder: the innermost ends first. */
static _Thread_local unsigned nested_forks;

void registry_before_fork(void)
{
	if (is_mine())
		nested_forks++;
	else
		lock();
}

void registry_after_fork(void)
{
	if (nested_forks > 0)
		nested_forks--;
	else
		unlock();
}

/* A record that was reused during the search leads into another chain: only a search under the lock can find that there is none. */
static __attribute__((noinline)) struct connection *find_locked(const sqlite3 *db)
{
	struct connection *connection;

	lock();
	connection = registry_peek(db);
	unlock();
	return connection;
}

struct connection *registry_find(const sqlite3 *db)
{
	struct connection *connection;

	if (!db)
		return NULL;
	connection = registry_peek(db);
	return __builtin_expect(connection != NULL, 1) ? connection : find_locked(db);
}

static struct connection *allocate(void)
{
	struct connection *connection = calloc(1, sizeof(*connection));

	if (!connection)
		return NULL;
	lock();
	connection->every = every;
	every = connection;
	unlock();
	return connection;
}

struct connection *registry_allocate(void)
{
	struct connection *connection;

	lock();
	connection = spare;
	if (connection)
		spare = atomic_load_explicit(&connection->chain, memory_order_relaxed);
	unlock();
	if (!connection)
		return allocate();
	memset((char *)connection + KEPT, 0, sizeof(*connection) - KEPT);
	return connection;
}

/* Under lock. */
static void unlink_record(struct connection *connection)
{
	struct connection *_Atomic *link = registry_bucket_of(connection->db);
	struct connection *next = connection->chain;

	while (*link && *link != connection)
		link = &(*link)->chain;
	if (!*link)
		return;
	atomic_store_explicit(link, next, memory_order_release);
	atomic_store_explicit(&connection->db, NULL, memory_order_release);
	connection_release(connection);
	atomic_store_explicit(&connection->chain, spare, memory_order_release);
	spare = connection;
}

uint64_t registry_newest(void)
{
	return atomic_load_explicit(&last_serial, memory_order_relaxed);
}

void registry_insert(struct connection *connection, sqlite3 *db)
{
	struct connection *_Atomic *bucket = registry_bucket_of(db);
	struct connection *old;

	lock();
	old = registry_peek(db);
	if (old)
		unlink_record(old);
	connection->serial = ++last_serial;
	atomic_store_explicit(&connection->chain, *bucket, memory_order_release);
	atomic_store_explicit(&connection->db, db, memory_order_release);
	atomic_store_explicit(bucket, connection, memory_order_release);
	unlock();
}

void registry_forget(struct connection *connection, uint64_t serial)
{
	lock();
	if (connection->db && connection->serial == serial)
		unlink_record(connection);
	unlock();
}

void registry_visit(void (*visit)(struct connection *, void *), void *argument)
{
	lock();
	for (struct connection *connection = every; connection; connection = connection->every)
		if (connection->db)
			visit(connection, argument);
	unlock();
}

void registry_note_closing(struct connection *connection, bool closing)
{
	lock();
	connection->closing = closing;
	unlock();
}
