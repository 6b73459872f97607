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
static struct connection *spare; /* under lock */
static struct connection *every; /* under lock: all records, in use or not */
/* Changed under lock. In .data, in a page that the loader writes to anyway: each process reads it as it ends (entry/start.c). */
_Atomic uint64_t registry_last_serial __attribute__((section(".data")));

/* Connections with a common key, among others of the same hash, in the order in which they were opened; under lock. */
struct peer_list {
	struct connection *first, *last;
};
static struct peer_list peers[PEERS_KINDS][1 << REGISTRY_BITS];

/* A lock that says who holds it: a signal handler that forks may have interrupted its holder, and fork() is not to wait for that.
 * The holder is known by the address of something of its thread's; that stays the same in a forked child. */
static const char *_Atomic holder;
static _Thread_local const char self;

static bool is_mine(void)
{
	return atomic_load_explicit(&holder, memory_order_relaxed) == &self;
}

/* The lock is held for some hundred instructions, or while registry_visit() runs. */
void registry_lock(void)
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

bool registry_try_lock(void)
{
	const char *nobody = NULL;

	return atomic_compare_exchange_strong_explicit(&holder, &nobody, &self, memory_order_acquire, memory_order_relaxed);
}

void registry_unlock(void)
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
		registry_lock();
}

void registry_after_fork(void)
{
	if (nested_forks > 0)
		nested_forks--;
	else
		registry_unlock();
}

/* A record that was reused during the search leads into another chain: only a search under the lock can find that there is none. */
static __attribute__((noinline)) struct connection *find_locked(const sqlite3 *db)
{
	struct connection *connection;

	registry_lock();
	connection = registry_peek(db);
	registry_unlock();
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
	registry_lock();
	connection->every = every;
	every = connection;
	registry_unlock();
	return connection;
}

struct connection *registry_allocate(void)
{
	struct connection *connection;

	registry_lock();
	connection = spare;
	if (connection)
		spare = atomic_load_explicit(&connection->chain, memory_order_relaxed);
	registry_unlock();
	if (!connection)
		return allocate();
	memset((char *)connection + KEPT, 0, sizeof(*connection) - KEPT);
	return connection;
}

static struct peer_list *peers_of(enum peers kind, uint64_t key)
{
	return &peers[kind][hash_place(key, REGISTRY_BITS)];
}

/* Under lock. */
static void link_peer(struct connection *connection, enum peers kind, uint64_t key)
{
	struct peer_list *list = peers_of(kind, key);
	struct connection *last = list->last;

	if (!key || connection->peers[kind].key)
		return;
	connection->peers[kind].key = key;
	connection->peers[kind].previous = last;
	if (last)
		last->peers[kind].next = connection;
	else
		list->first = connection;
	list->last = connection;
}

/* Under lock. */
static void unlink_peer(struct connection *connection, enum peers kind)
{
	struct connection *previous = connection->peers[kind].previous, *next = connection->peers[kind].next;
	struct peer_list *list = peers_of(kind, connection->peers[kind].key);

	if (!connection->peers[kind].key)
		return;
	if (previous)
		previous->peers[kind].next = next;
	else
		list->first = next;
	if (next)
		next->peers[kind].previous = previous;
	else
		list->last = previous;
	connection->peers[kind].key = 0;
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
	unlink_peer(connection, PEERS_BY_FILE);
	unlink_peer(connection, PEERS_BY_INODE);
	connection_release(connection);
	atomic_store_explicit(&connection->chain, spare, memory_order_release);
	spare = connection;
}

void registry_insert(struct connection *connection, sqlite3 *db)
{
	struct connection *_Atomic *bucket = registry_bucket_of(db);
	struct connection *old;

	registry_lock();
	old = registry_peek(db);
	if (old)
		unlink_record(old);
	connection->serial = ++registry_last_serial;
	atomic_store_explicit(&connection->chain, *bucket, memory_order_release);
	atomic_store_explicit(&connection->db, db, memory_order_release);
	atomic_store_explicit(bucket, connection, memory_order_release);
	registry_unlock();
}

void registry_forget(struct connection *connection, uint64_t serial)
{
	registry_lock();
	if (connection->db && connection->serial == serial)
		unlink_record(connection);
	registry_unlock();
}

void registry_visit(void (*visit)(struct connection *, void *), void *argument)
{
	registry_lock();
	for (struct connection *connection = every; connection; connection = connection->every)
		if (connection->db)
			visit(connection, argument);
	registry_unlock();
}

void registry_note_file(struct connection *connection)
{
	registry_lock();
	link_peer(connection, PEERS_BY_FILE, (uintptr_t)connection->file);
	link_peer(connection, PEERS_BY_INODE, connection->inode);
	registry_unlock();
}

void registry_visit_peers(enum peers kind, uint64_t key, bool (*visit)(struct connection *, void *), void *argument)
{
	registry_lock();
	for (struct connection *connection = peers_of(kind, key)->first; connection; connection = connection->peers[kind].next)
		if (connection->peers[kind].key == key && !visit(connection, argument))
			break;
	registry_unlock();
}

void registry_note_closing(struct connection *connection, bool closing)
{
	registry_lock();
	connection->closing = closing;
	registry_unlock();
}
