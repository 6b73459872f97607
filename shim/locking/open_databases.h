/* open_databases.h - the database files that this process has open in WAL mode, found by their inode.
 *
 * A process may have very many connections to one file, and stat() and open() ask of each file whether it is one of them: so
 * nothing here goes through the connections. Looking takes no lock, and may be done in a signal handler. */
#ifndef SQLPROD_LOCKING_OPEN_DATABASES_H
#define SQLPROD_LOCKING_OPEN_DATABASES_H

#include "locking/idle_wal.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

struct sqlite;
struct wal_files;

/* One file, as one copy of SQLite has it open. Kept for ever, and used again for another file of the same hash. */
struct open_database {
	struct open_database *next; /* of the same hash; never changes once linked */
	_Atomic dev_t device;
	_Atomic ino_t inode;
	const struct sqlite *_Atomic sqlite;
	atomic_uint connections; /* 0: the record is free */
	atomic_uint with_wal;    /* those that map the -shm */
	atomic_uint by_recipe;   /* those in WAL mode that is not the program's choice */
	_Atomic ino_t wal, shm;  /* as they were found last */
	struct wal_files *first; /* those that map the -shm; under the registry's lock */
	struct wal_files *last;
	struct idle_wal idle;
	struct wal_files *_Atomic keeper; /* kept_locks.h; changed under the registry's lock */
};

/* The record of that file, with one connection more; NULL if memory is out. Two may be made for a file that is opened twice at
 * once, and each serves. */
struct open_database *open_databases_join(dev_t device, ino_t inode, const struct sqlite *sqlite);

/* One connection less. */
void open_databases_leave(struct open_database *database);

/* Has a connection mapped the -shm of a file of that inode? */
bool open_databases_have_wal(ino_t inode);

/* Has it a connection that has not mapped its -shm? */
bool open_databases_have_unread(ino_t inode);

/* Is a file of that inode open in WAL mode by the recipe? If so, sets the inodes of its -wal and -shm. */
bool open_databases_find(ino_t inode, ino_t *wal, ino_t *shm);

#endif
