/* last_close.h - what becomes of -wal and -shm when the last connection of all processes closes the database file.
 *
 * SQLite copies the -wal into the file and deletes both by the names that the file was opened by, unless it finds by
 * SQLITE_FCNTL_HAS_MOVED that the file has moved, or by SQLITE_FCNTL_PERSIST_WAL that they are to stay. A -wal that is still this
 * file's alone is copied even so; both are removed by whatever names they have then, and stay where somebody needs them
 * (wal_readers.h). */
#ifndef SQLPROD_LOCKING_LAST_CLOSE_H
#define SQLPROD_LOCKING_LAST_CLOSE_H

#include <sqlite3.h>

struct file_shim;

/* The file's xFileControl. */
int last_close_control(struct file_shim *shim, sqlite3_file *file, int operation, void *argument);

#endif
