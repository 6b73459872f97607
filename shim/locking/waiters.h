/* waiters.h - which threads of this process wait for a lock now, and of which file.
 *
 * A connection whose last call came from such a thread may not go on before that wait is over. Takes no lock. */
#ifndef SQLPROD_LOCKING_WAITERS_H
#define SQLPROD_LOCKING_WAITERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct holder;

struct waiter {
	atomic_ulong thread; /* 0: free */
	_Atomic uintptr_t file;
	_Atomic(const struct holder *) connection;
};

/* This thread, by holder_thread(), begins to wait on this connection for a lock of this file: its -shm where that is mapped, else
 * its inode. NULL if there is no room for one more. What it returns is to be given to waiters_leave() once the wait is over. */
struct waiter *waiters_enter(unsigned long thread, uintptr_t file, const struct holder *connection);
void waiters_leave(struct waiter *waiter);

/* Does that thread wait for a lock of this file, on another connection than this one? */
bool waiters_have(unsigned long thread, uintptr_t file, const struct holder *except);

/* For a child: none of the parent's other threads is there. */
void waiters_forked(void);

#endif
