/* file_locks.h - the locks of a database file itself; those in the -shm: shm_locks.h.
 *
 * In WAL mode a connection keeps SHARED as long as it has the file open in that mode, and wants EXCLUSIVE to leave it, or to close
 * the file as the last one. Without WAL, RESERVED is the write lock. */
#ifndef SQLPROD_LOCKING_FILE_LOCKS_H
#define SQLPROD_LOCKING_FILE_LOCKS_H

#include <sqlite3.h>

struct file_shim;

/* The file's xLock and xUnlock. */
int file_locks_lock(sqlite3_file *file, int level);
int file_locks_unlock(sqlite3_file *file, int level);

/* The file is closed, by which SQLite drops its locks without a call. */
void file_locks_closed(struct file_shim *shim);

#endif
