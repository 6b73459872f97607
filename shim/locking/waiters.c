/* waiters.c - the threads that wait, in a table by their number. */
#include "locking/waiters.h"

#include <stddef.h>

#define PLACES 256
#define LOOKED_AT 8 /* from where its number leads to */

static struct waiter waiters[PLACES];

static struct waiter *place_of(unsigned long thread, unsigned long at)
{
	return &waiters[(thread + at) % PLACES];
}

struct waiter *waiters_enter(unsigned long thread, uintptr_t file, const struct holder *connection)
{
	for (unsigned long at = 0; at < LOOKED_AT; at++) {
		struct waiter *waiter = place_of(thread, at);
		unsigned long nobody = 0;

		if (atomic_compare_exchange_strong_explicit(&waiter->thread, &nobody, thread, memory_order_acquire,
							    memory_order_relaxed)) {
			atomic_store_explicit(&waiter->connection, connection, memory_order_relaxed);
			atomic_store_explicit(&waiter->file, file, memory_order_release);
			return waiter;
		}
	}
	return NULL;
}

void waiters_leave(struct waiter *waiter)
{
	if (!waiter)
		return;
	atomic_store_explicit(&waiter->file, 0, memory_order_relaxed);
	atomic_store_explicit(&waiter->thread, 0, memory_order_release);
}

/* The place may be another thread's by the time that the file is read. */
bool waiters_have(unsigned long thread, uintptr_t file, const struct holder *except)
{
	for (unsigned long at = 0; thread && at < LOOKED_AT; at++) {
		struct waiter *waiter = place_of(thread, at);

		if (atomic_load_explicit(&waiter->thread, memory_order_acquire) == thread &&
		    atomic_load_explicit(&waiter->file, memory_order_acquire) == file &&
		    atomic_load_explicit(&waiter->connection, memory_order_acquire) != except &&
		    atomic_load_explicit(&waiter->thread, memory_order_relaxed) == thread)
			return true;
	}
	return false;
}

void waiters_forked(void)
{
	for (size_t i = 0; i < PLACES; i++)
		waiters_leave(&waiters[i]);
}
