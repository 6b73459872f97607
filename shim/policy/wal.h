/* wal.h - tests whether WAL works for a database, and switches back if it does not.
 *
 * PRAGMA journal_mode=WAL returns "wal" as soon as the file's header is changed: the next statement creates -wal and -shm. If that
 * fails (no space, no permission, no shared maps), every statement fails from then on, reads too, in every process.
 *
 * Every function wants the connection's mutex held and runs between callbacks_suspend() and callbacks_resume(). */
#ifndef SQLPROD_POLICY_WAL_H
#define SQLPROD_POLICY_WAL_H

#include "connection/connection.h"

enum wal_header {
	WAL_NO,      /* a rollback journal, or nothing written yet */
	WAL_YES,     /* read and write version are 2 */
	WAL_UNKNOWN, /* no database, an encrypted one, or it cannot be read */
};

/* Has the database's VFS shared memory? With locking_mode=EXCLUSIVE SQLite enters WAL mode without it, and a program that later
 * opens the file by that VFS with normal locking fails. True if it cannot be determined. */
bool wal_has_shared_memory(const struct connection *connection);

/* The journal mode in the file's header. Reads 20 bytes through SQLite's own file, without a lock: a hint only. */
enum wal_header wal_read_header(const struct connection *connection);

/* Before the switch of a database whose header says WAL_NO: checks that an existing -wal can be used, and has SQLite create, map,
 * unmap and delete the -shm, while the connection has the file alone, so that nobody can be using it. SQLITE_OK if that works, or
 * if the database is in WAL mode by then; SQLITE_BUSY if others read or write it for longer than so many milliseconds; else
 * SQLite's code. */
int wal_try_files(const struct connection *connection, int patience);

/* Before the switch: has another connection the write lock of its rollback journal? A hint. */
bool wal_has_writer(const struct connection *connection);

/* After the switch: has this connection's SQLite mapped the -shm, as it has if the database was in WAL mode already? False if that
 * cannot be determined. */
bool wal_is_mapped(const struct connection *connection);

/* After the switch: takes the write lock and gives it back. SQLITE_OK if WAL works, or if the database is busy; else the code that
 * it failed with. */
int wal_try_lock(struct connection *connection);

/* After the journal mode was set, or decided about: is WAL in effect, and not by the program's choice? The files are then cared for
 * accordingly (wal_files.h). */
void wal_note_decider(const struct connection *connection);

/* At first use, where WAL is in effect: a -wal that a killed process left goes into the database, so that a copy of the file is
 * whole. Before a close that may not be the last because of forked children, and of a file without a shim that was moved: the same.
 */
void wal_copy_left(struct connection *connection);
void wal_copy_before_close(struct connection *connection);

/* Switches back to a rollback journal after wal_try_lock() failed. If no other connection uses the database, SQLite needs no -shm
 * for that; else the database is not changed. No commit is lost. */
void wal_undo(struct connection *connection);

#endif
