/* wal_methods.h - wraps the methods of the -wal, while a connection writes: when it is written, and when it is synced.
 *
 * Called by shm_locks.c and file_shim.c, with the connection's mutex held. */
#ifndef SQLPROD_LOCKING_WAL_METHODS_H
#define SQLPROD_LOCKING_WAL_METHODS_H

#include "locking/wal_frames.h"
#include "sqlite/sqlite.h"

/* Part of struct file_shim. */
struct wal_methods {
	sqlite3_io_methods methods;         /* the original's, with a few replaced */
	const sqlite3_io_methods *original; /* NULL while the -wal has these */
	sqlite3_file *wal;                  /* SQLite's -wal, while it has ours */
	bool is_hidden;                     /* it was not found: SQLite before 3.12, a shared cache */
	struct wal_frames frames;
};

/* SQLite has got the write lock; is about to give it back. */
void wal_methods_write_locked(struct file_shim *shim);
void wal_methods_write_unlocked(struct file_shim *shim);

/* SQLite is about to close the -wal. */
void wal_methods_forget(struct file_shim *shim);

#endif
