/* kept_locks.h - locks of a database in WAL mode that the program cannot lose by closing a file.
 *
 * A process that closes any descriptor of a file loses its fcntl() locks on it (fcntl(2)). A program that reads its own database
 * file, to copy or to send it, loses nothing by that with a rollback journal, where an idle connection has no lock. In WAL mode a
 * connection holds two as long as it lives: a shared one on the database and one on the -shm. Without the first the next program
 * that closes the database believes itself the last and deletes the -wal under this one; without the second the next one that opens
 * it cuts the -shm under the mapping. So both are taken for the open files as well (F_OFD_SETLK), which keep theirs until they are
 * closed. Of the range of the shared lock it is the last byte alone, so that F_GETLK on the others still names a process. */
#ifndef SQLPROD_LOCKING_KEPT_LOCKS_H
#define SQLPROD_LOCKING_KEPT_LOCKS_H

#include <stdbool.h>
#include <sys/types.h>

/* sqlite.org/fileformat.html#the_lock_byte_page, and the byte of the -shm that all hold who use it: sqlite.org/walformat.html */
#define SHARED_FIRST 0x40000002
#define SHARED_SIZE 510
#define SHARED_LAST (SHARED_FIRST + SHARED_SIZE - 1)
#define DEAD_MAN_SWITCH 128

struct wal_files;

/* The -shm is mapped; it is about to be let go. One connection of the process keeps the locks for all that have the file open, so
 * that the kernel's list of them stays short; another takes its place. In between the connection may have to try anew. */
void kept_locks_begin(struct wal_files *files);
void kept_locks_end(struct wal_files *files);

/* Does the process that this one was forked from have the open files still? Then their locks are its own as well, and it may have
 * no others. */
bool kept_locks_are_shared(const struct wal_files *files);

/* Has another process the database open? The last byte of the range may be the library's own, and is not asked for. */
bool kept_locks_others_are_there(const struct wal_files *files);

/* At a read: takes them if no connection of this process keeps them, and the registry's lock is free. */
void kept_locks_take(struct wal_files *files);

/* The same, whoever keeps them: before a fork, with system calls only. */
void kept_locks_take_own(struct wal_files *files);

/* Before SQLite wants the database for itself: since 3.51 it looks whether anybody else has the -shm locked. Nothing is given up
 * that is shared with a parent, or while another connection of the process maps the -shm: SQLite refuses then. Returns whether it
 * was. */
bool kept_locks_drop(struct wal_files *files);

#endif
