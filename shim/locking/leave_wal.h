/* leave_wal.h - a connection that leaves WAL mode has the file alone until the header says so.
 *
 * SQLite takes the exclusive lock, copies the -wal into the file, deletes it, and then writes the header. In between it gives the
 * lock back to SHARED: it takes it for the one of somebody who has looked at a hot journal (sqlite3PagerSharedLock()). Another
 * connection may enter WAL mode then, as the header still has it, and commit to a new -wal, which stays beside a header that denies
 * it. Who opens the file next takes that -wal for another file's, and its rows are gone (left_wal.h). */
#ifndef SQLPROD_LOCKING_LEAVE_WAL_H
#define SQLPROD_LOCKING_LEAVE_WAL_H

struct file_shim;

/* SQLite has deleted the -shm, with the exclusive lock: it closes the file, which gives all locks back, or leaves WAL mode. Then it
 * keeps the lock where it would give it back to SHARED next. The caller holds the connection's mutex. */
void leave_wal_begin(struct file_shim *shim);

/* It has committed: the header says so. In exclusive locking mode it has not given the lock back, and may once it leaves that. */
void leave_wal_end(struct file_shim *shim);

#endif
