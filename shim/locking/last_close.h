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

/* The file is about to be closed, or the process ends. If it has moved, others would read what is there by the old name now with
 * the -wal, which a transaction keeps SQLite from emptying: removes both, or gives the -wal another name, with a warning, if not
 * all of it is in the file. Leaves them where another connection or process uses them. errno may change. */
void last_close_clear_name(struct file_shim *shim);

#endif
