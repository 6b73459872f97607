/* lock_owner.h - which other process holds the lock that a connection waits for.
 *
 * Asks the kernel by fcntl(F_GETLK) on descriptors that SQLite has open, and /proc for the process's name. Opens no file of the
 * database, changes no lock. */
#ifndef SQLPROD_LOCKING_LOCK_OWNER_H
#define SQLPROD_LOCKING_LOCK_OWNER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct wal_files;

struct lock_owner {
	const char *lock; /* "the write lock"; NULL if no other process holds one */
	pid_t pid;        /* 0 for a process that has none in this pid namespace */
};

/* Of a database in WAL mode whose -shm is mapped; writes says that the caller has the write lock, and so waits for readers or a
 * checkpoint. Of a database with a rollback journal otherwise. */
struct lock_owner lock_owner_find(const struct wal_files *files, bool writes);

/* Is the write lock of that -shm held or shared, by any connection of any process? errno is kept. */
bool lock_owner_exists(const struct wal_files *files);

/* Does another process have the checkpoint lock of that -shm? errno is kept. */
bool lock_owner_checkpoints(const struct wal_files *files);

/* Does this very process hold the write lock of that -shm alone? By which connection SQLite does not tell: it may be one that has
 * attached the database, and none that is known here. errno is kept. */
bool lock_owner_is_self(const struct wal_files *files);

/* Writes the program's name, of at most 15 bytes as proc(5) tells it; "" if it cannot be read. */
void lock_owner_program(pid_t pid, char *out, size_t size);

/* Is the process stopped, by a signal or a debugger? */
bool lock_owner_is_stopped(pid_t pid);

/* Writes "pid 4711 (python3)", with "which is stopped" where it is. */
void lock_owner_describe(pid_t pid, char *out, size_t size);

#endif
