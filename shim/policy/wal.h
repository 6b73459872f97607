/* wal.h - does WAL work where this database lies? and if not, the way back.
 *
 * PRAGMA journal_mode=WAL answers "wal" as soon as the file's header says so: the -wal and -shm files are made by the next
 * statement. Where that fails (no space for them, no right to make them, no shared maps) every statement fails from then on, reads
 * too, in every process.
 *
 * Every function wants the connection's mutex held and runs between callbacks_suspend() and callbacks_resume(). */
#ifndef SQLPROD_POLICY_WAL_H
#define SQLPROD_POLICY_WAL_H

#include "connection/connection.h"

enum wal_header {
	WAL_NO,     /* a rollback journal, or nothing written yet */
	WAL_YES,    /* read and write version are 2 */
	WAL_UNTOLD, /* no database, an encrypted one, or it cannot be read */
};

/* Has the database's VFS shared memory? One without gets WAL from SQLite where the program locks exclusively: whoever opens the
 * file by that VFS later and does not would be refused. True where that cannot be told. */
bool wal_has_shared_memory(const struct connection *connection);

/* What the file's header says. Reads 20 bytes through SQLite's own file, without a lock: a hint. */
enum wal_header wal_read_header(const struct connection *connection);

/* Before the switch of a database whose header says WAL_NO: may a -wal that lies there be used? and lets SQLite make and map the
 * -shm, and let go of it. SQLITE_OK if it can; else SQLite's code. The -shm stays, as somebody else may have begun to use it. */
int wal_try_files(const struct connection *connection);

/* After the switch: has this connection's SQLite mapped the -shm, as it does before it answers where the database was in WAL mode
 * already? False also where that cannot be told. */
bool wal_is_mapped(const struct connection *connection);

/* After the switch: takes the write lock and gives it back. SQLITE_OK if WAL works, or if the database is busy; else the code of
 * what it died of. */
int wal_try_lock(struct connection *connection);

/* After the journal mode was set, or decided about: is WAL in effect, and not by the program's choice? The files are then cared for
 * accordingly (wal_files.h). */
void wal_note_decider(const struct connection *connection);

/* At first use, where WAL is in effect: a -wal that a killed process left goes into the database, so that a copy of the file is
 * whole. Before a close that may not be the last because of forked children: the same. */
void wal_copy_left(struct connection *connection);
void wal_copy_before_close(struct connection *connection);

/* The way back to a rollback journal after wal_try_lock() failed. Alone with the database SQLite needs no -shm for that; with
 * others in it the database stays as it is. Nothing that was committed is lost. */
void wal_undo(struct connection *connection);

#endif
