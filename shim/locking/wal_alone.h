/* wal_alone.h - a database that a connection has alone, so that nobody begins to use its -wal meanwhile. errno may change. */
#ifndef SQLPROD_LOCKING_WAL_ALONE_H
#define SQLPROD_LOCKING_WAL_ALONE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct file_shim;

/* How long one waits for that, in ns: others that look at the -wal as well are done by then. */
#define WAL_ALONE_WAIT INT64_C(1000000000)

/* Is there a file of that name? */
bool wal_alone_finds(const char *path, const char *suffix, struct stat *status);

/* May this user write it, or is there none? */
bool wal_alone_may_write(const char *path, const char *suffix);

/* Waits until the connection has the file alone, from the shared lock that it has. SQLITE_BUSY if another one wants that;
 * SQLITE_LOCKED if others read the file, and stay. */
int wal_alone_lock(const struct file_shim *shim, sqlite3_file *file);

/* Deletes the -shm: those who have it open keep theirs, and it has no rows in it. */
bool wal_alone_remove_index(const struct file_shim *shim);

/* The -wal is empty, and nobody uses it. An earlier user may have left both files for readers (wal_readers.h), before the database
 * was given to this one, who may write the file and its folder, but not them: SQLite makes them anew, as his. */
void wal_alone_remove_unwritable(const struct file_shim *shim, sqlite3_file *file);

#endif
