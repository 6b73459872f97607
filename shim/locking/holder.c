/* holder.c - the holders of this process, in a list that only grows, and those that hold now, in a table of a few for each hash of
 * the -shm: a process may have very many connections. */
#include "locking/holder.h"

#include "base/hash.h"

#include <stddef.h>

static struct holder *_Atomic holders;

#define BITS 5
#define PLACES 6
#define NO_PLACE (-1)

static struct set {
	struct holder *_Atomic places[PLACES];
	atomic_uint without_place; /* so many more hold, and are only in the list */
} sets[1 << BITS];

static struct set *set_of(const char *shm)
{
	return &sets[hash_place((uintptr_t)shm, BITS)];
}

static void enter(struct holder *holder, struct set *set)
{
	for (int place = 0; place < PLACES; place++) {
		struct holder *nobody = NULL;

		if (atomic_compare_exchange_strong_explicit(&set->places[place], &nobody, holder, memory_order_relaxed,
							    memory_order_relaxed)) {
			holder->place = place;
			return;
		}
	}
	holder->place = NO_PLACE;
	atomic_fetch_add_explicit(&set->without_place, 1, memory_order_relaxed);
}

static void leave(const struct holder *holder, struct set *set)
{
	if (holder->place == NO_PLACE)
		atomic_fetch_sub_explicit(&set->without_place, 1, memory_order_relaxed);
	else
		atomic_store_explicit(&set->places[holder->place], (struct holder *)NULL, memory_order_relaxed);
}

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
	const char *before = atomic_load_explicit(&holder->holds, memory_order_relaxed);

	atomic_store_explicit(&holder->has_lock, false, memory_order_relaxed);
	atomic_store_explicit(&holder->word, word, memory_order_relaxed);
	if (before == shm)
		return;
	if (before)
		leave(holder, set_of(before));
	atomic_store_explicit(&holder->holds, shm, memory_order_relaxed);
	if (shm)
		enter(holder, set_of(shm));
}

void holder_set_lock(struct holder *holder, const char *shm, uint32_t word)
{
	holder_set(holder, shm, word);
	atomic_store_explicit(&holder->has_lock, true, memory_order_relaxed);
}

static bool holds(const struct holder *holder, const char *shm, uint32_t word)
{
	return atomic_load_explicit(&holder->holds, memory_order_relaxed) == shm &&
	       (word ? atomic_load_explicit(&holder->word, memory_order_relaxed) == word
		     : atomic_load_explicit(&holder->has_lock, memory_order_relaxed));
}

static bool is_sought(const struct holder *holder, const struct holder *waiter, const char *shm, uint32_t word)
{
	return holder && holder != waiter && holds(holder, shm, word);
}

static struct holder *find(const struct holder *waiter, const char *shm, uint32_t word)
{
	struct set *set = set_of(shm);
	struct holder *holder;

	for (int place = 0; place < PLACES; place++) {
		holder = atomic_load_explicit(&set->places[place], memory_order_relaxed);
		if (is_sought(holder, waiter, shm, word))
			return holder;
	}
	if (!atomic_load_explicit(&set->without_place, memory_order_relaxed))
		return NULL;
	holder = atomic_load(&holders);
	while (holder && !is_sought(holder, waiter, shm, word))
		holder = holder->next;
	return holder;
}

void holder_replace_word(const struct holder *except, const char *shm, uint32_t word, uint32_t other)
{
	struct holder *holder;

	while (word != other && (holder = find(except, shm, word))) {
		uint32_t seen = word;

		atomic_compare_exchange_strong_explicit(&holder->word, &seen, other, memory_order_relaxed, memory_order_relaxed);
	}
}

static enum holder_kind kind_of(const struct holder *holder)
{
	if (holder_is_of_thread(holder))
		return HOLDER_OF_THREAD;
	return atomic_load_explicit(&holder->is_pooled, memory_order_relaxed) ? HOLDER_POOLED : HOLDER_IN_PROCESS;
}

/* Of those that have a reservation together, calls of one may come from another thread by now: the others are looked at, too. */
enum holder_kind holder_find(const struct holder *waiter, const char *shm, uint32_t word)
{
	struct set *set = set_of(shm);
	enum holder_kind found = HOLDER_ELSEWHERE;
	const struct holder *holder;

	for (int place = 0; place < PLACES; place++) {
		holder = atomic_load_explicit(&set->places[place], memory_order_relaxed);
		if (is_sought(holder, waiter, shm, word) && kind_of(holder) > found)
			found = kind_of(holder);
	}
	if (!atomic_load_explicit(&set->without_place, memory_order_relaxed))
		return found;
	for (holder = atomic_load(&holders); holder; holder = holder->next)
		if (is_sought(holder, waiter, shm, word) && kind_of(holder) > found)
			found = kind_of(holder);
	return found;
}

void holder_forked(void)
{
	for (struct holder *holder = atomic_load(&holders); holder; holder = holder->next)
		if (!atomic_load_explicit(&holder->has_lock, memory_order_relaxed))
			atomic_store_explicit(&holder->word, 0, memory_order_relaxed);
}
