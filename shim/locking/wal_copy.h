/* wal_copy.h - a -wal with rows that a killed program of another user left.
 *
 * As root may have, before the database was given to the user of a service (chown FILE): that one may write the file and its
 * folder, and read the -wal, but not write it, and SQLite then writes nothing any more. A rollback journal that root left would be
 * rolled back, and deleted. errno may change. */
#ifndef SQLPROD_LOCKING_WAL_COPY_H
#define SQLPROD_LOCKING_WAL_COPY_H

#include <sqlite3.h>

struct file_shim;

/* Nobody has the database locked: if this user may not write the -shm, it goes, as there are no rows in it; unless a process uses
 * it, for the file that was here before. Before SQLite opens it. */
void wal_copy_remove_index(const struct file_shim *shim, sqlite3_file *file);

/* The same of the -wal: if this user may not write it, a copy with its times takes its place, once that is on the disk. Where that
 * cannot be there is a warning. */
void wal_copy_replace(const struct file_shim *shim, sqlite3_file *file);

#endif
