/* idle_copy.h - copies a -wal that rests into its database, by a handle of our own.
 *
 * The program's own connections may be in use, and may be no other thread's to use. Ours waits for nobody
 * (SQLITE_CHECKPOINT_PASSIVE) and keeps nobody waiting; it has a guard against the WAL-reset race, as it has no shim. */
#ifndef SQLPROD_LOCKING_IDLE_COPY_H
#define SQLPROD_LOCKING_IDLE_COPY_H

#include "locking/idle_wal.h"

#include <sqlite3.h>

/* The VFS by whose file objects descriptors and -shm are found. */
#define IDLE_COPY_VFS "unix"

/* For idle_wal_look(). Only while the database and its -wal have the names still that they were opened by. errno is kept. */
enum idle_outcome idle_copy(const struct open_database *database, const struct idle_file *file);

#endif
