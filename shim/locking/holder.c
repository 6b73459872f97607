/* holder.c - the holders of this process, in a list that only grows. */
#include "locking/holder.h"

#include <stddef.h>

static struct holder *_Atomic holders;

/* Of this thread; no other ever has it. */
static unsigned long here(void)
{
	static atomic_ulong last;
	static _Thread_local unsigned long number;

	if (!number)
		number = atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
	return number;
}

void holder_start(struct holder *holder)
{
	holder_set(holder, NULL, 0);
	atomic_store_explicit(&holder->thread, 0, memory_order_relaxed);
	atomic_store_explicit(&holder->is_pooled, false, memory_order_relaxed);
}

void holder_link(struct holder *holder)
{
	holder->next = atomic_load(&holders);
	while (!atomic_compare_exchange_weak(&holders, &holder->next, holder))
		;
}

void holder_seen(struct holder *holder)
{
	unsigned long thread = atomic_load_explicit(&holder->thread, memory_order_relaxed);

	if (thread == here())
		return;
	if (thread)
		atomic_store_explicit(&holder->is_pooled, true, memory_order_relaxed);
	atomic_store_explicit(&holder->thread, here(), memory_order_relaxed);
}

bool holder_is_of_thread(const struct holder *holder)
{
	return atomic_load_explicit(&holder->thread, memory_order_relaxed) == here();
}

void holder_set(struct holder *holder, const char *shm, uint32_t word)
{
	atomic_store_explicit(&holder->word, word, memory_order_relaxed);
	atomic_store_explicit(&holder->holds, shm, memory_order_relaxed);
}

static bool holds(const struct holder *holder, const char *shm, uint32_t word)
{
	return atomic_load_explicit(&holder->holds, memory_order_relaxed) == shm &&
	       (!word || atomic_load_explicit(&holder->word, memory_order_relaxed) == word);
}

enum holder_kind holder_find(const struct holder *waiter, const char *shm, uint32_t word)
{
	const struct holder *holder = atomic_load(&holders);

	while (holder && (holder == waiter || !holds(holder, shm, word)))
		holder = holder->next;
	if (!holder)
		return HOLDER_ELSEWHERE;
	if (atomic_load_explicit(&holder->thread, memory_order_relaxed) == here())
		return HOLDER_OF_THREAD;
	return atomic_load_explicit(&holder->is_pooled, memory_order_relaxed) ? HOLDER_POOLED : HOLDER_IN_PROCESS;
}
