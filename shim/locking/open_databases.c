/* open_databases.c - a hash table of records that are never freed. */
#include "locking/open_databases.h"

#include "base/hash.h"

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define BITS 10
#define CHANGES UINT_MAX /* of connections: the record is being made that of another file */

static struct open_database *_Atomic buckets[1 << BITS];

static struct open_database *_Atomic *bucket_of(ino_t inode)
{
	return &buckets[hash_place(inode, BITS)];
}

static bool is_of(const struct open_database *database, dev_t device, ino_t inode, const struct sqlite *sqlite)
{
	return atomic_load(&database->inode) == inode && atomic_load(&database->device) == device &&
	       atomic_load(&database->sqlite) == sqlite;
}

/* Not to one that is free: it may be used for another file. */
static bool add(struct open_database *database)
{
	unsigned connections = atomic_load(&database->connections);

	while (connections > 0 && connections != CHANGES &&
	       !atomic_compare_exchange_weak(&database->connections, &connections, connections + 1))
		;
	return connections > 0 && connections != CHANGES;
}

static bool take_free(struct open_database *database)
{
	unsigned free = 0;

	return atomic_compare_exchange_strong(&database->connections, &free, CHANGES);
}

static struct open_database *make(struct open_database *_Atomic *bucket)
{
	struct open_database *made = calloc(1, sizeof(*made));

	if (!made)
		return NULL;
	atomic_store(&made->connections, CHANGES);
	made->next = atomic_load(bucket);
	while (!atomic_compare_exchange_weak(bucket, &made->next, made))
		;
	return made;
}

struct open_database *open_databases_join(dev_t device, ino_t inode, const struct sqlite *sqlite)
{
	struct open_database *_Atomic *bucket = bucket_of(inode);
	struct open_database *database;

	for (database = atomic_load(bucket); database; database = database->next) {
		if (!is_of(database, device, inode, sqlite) || !add(database))
			continue;
		if (is_of(database, device, inode, sqlite))
			return database;
		open_databases_leave(database);
	}
	for (database = atomic_load(bucket); database && !take_free(database); database = database->next)
		;
	if (!database)
		database = make(bucket);
	if (database) {
		idle_wal_begin(&database->idle);
		atomic_store(&database->device, device);
		atomic_store(&database->sqlite, sqlite);
		atomic_store(&database->inode, inode);
		atomic_store(&database->connections, 1);
	}
	return database;
}

void open_databases_leave(struct open_database *database)
{
	atomic_fetch_sub(&database->connections, 1);
}

bool open_databases_have_wal(ino_t inode)
{
	for (struct open_database *database = atomic_load(bucket_of(inode)); database; database = database->next)
		if (atomic_load(&database->inode) == inode && atomic_load(&database->with_wal) > 0)
			return true;
	return false;
}

bool open_databases_have_unread(ino_t inode)
{
	for (struct open_database *database = atomic_load(bucket_of(inode)); database; database = database->next)
		if (atomic_load(&database->inode) == inode &&
		    atomic_load(&database->connections) > atomic_load(&database->with_wal))
			return true;
	return false;
}

bool open_databases_find(ino_t inode, ino_t *wal, ino_t *shm)
{
	for (struct open_database *database = atomic_load(bucket_of(inode)); database; database = database->next)
		if (atomic_load(&database->inode) == inode && atomic_load(&database->by_recipe) > 0) {
			*wal = atomic_load(&database->wal);
			*shm = atomic_load(&database->shm);
			return true;
		}
	return false;
}
