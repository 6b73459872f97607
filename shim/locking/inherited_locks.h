/* inherited_locks.h - a forked child keeps the locks of the databases that it inherits.
 *
 * fcntl() locks belong to a process and are not inherited (fcntl(2)). A connection in WAL mode holds two as long as it lives: a
 * shared one on the database and one on the -shm. Without them the next one to close believes itself the last and deletes the -wal
 * under the child. The open files have both as well (kept_locks.h), which the child inherits, and it takes its own: there is no
 * moment without. */
#ifndef SQLPROD_LOCKING_INHERITED_LOCKS_H
#define SQLPROD_LOCKING_INHERITED_LOCKS_H

#include <stdbool.h>
#include <sys/types.h>

/* Before the first connection: asks to be called at each fork(). */
void inherited_locks_start(void);

/* Has this process, or the one it was forked from, forked while it had a database open in WAL mode? Then its own close may not be
 * the last, though no other program uses the database. */
bool inherited_locks_are_held(void);

/* Was that process, which has this id, forked by one of a single thread, with a database open? Then no lock of SQLite's was held,
 * and it may use the connections that it inherits. Not so the child of vfork(), which has its parent's memory. */
bool inherited_locks_are_usable(pid_t pid);

#endif
