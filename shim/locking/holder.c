/* holder.c - the holders of this process, in a list that only grows, and those that hold now, in a table of a few for each hash of
 * the -shm: a process may have very many connections. */
#include "locking/holder.h"

#include "base/hash.h"
#include "base/interpreter_lock.h"
#include "elf/go_note.h"
#include "locking/waiters.h"

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

unsigned long holder_thread(void)
{
	return here();
}

/* How often connections were called by another thread than before, up to ROAMS; and how often it paid to wait for a holder that
 * roams, where each time that it did not counts for several. Many threads may count at once: what gets lost does no harm. */
#define ROAMS 4
#define PAYS_AT_MOST 16
#define DID_NOT_PAY 8
static atomic_uint moves;
static atomic_int pays;

void holder_roamed(bool has_gone_on)
{
	int now = atomic_load_explicit(&pays, memory_order_relaxed);

	if (!has_gone_on)
		atomic_store_explicit(&pays, now - DID_NOT_PAY, memory_order_relaxed);
	else if (now < PAYS_AT_MOST)
		atomic_store_explicit(&pays, now + 1, memory_order_relaxed);
}

static bool roams(void)
{
	bool may = atomic_load_explicit(&moves, memory_order_relaxed) >= ROAMS || go_note_is_there();

	return may && atomic_load_explicit(&pays, memory_order_relaxed) >= 0;
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
	if (thread) {
		atomic_store_explicit(&holder->is_pooled, true, memory_order_relaxed);
		if (atomic_load_explicit(&moves, memory_order_relaxed) < ROAMS)
			atomic_fetch_add_explicit(&moves, 1, memory_order_relaxed);
	}
	atomic_store_explicit(&holder->thread, here(), memory_order_relaxed);
}

bool holder_is_of_thread(const struct holder *holder)
{
	return atomic_load_explicit(&holder->thread, memory_order_relaxed) == here();
}

bool holder_waits_for_caller(const struct holder *holder)
{
	return holder_is_of_thread(holder) || interpreter_lock_is_held();
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

/* A search for who holds the lock, or has reserved by the word. */
struct search {
	const struct holder *except;
	const char *shm;
	uint32_t word;
	uint32_t other;         /* for holder_replace_word() */
	enum holder_kind found; /* for holder_find() */
};

static void look(struct search *search, struct holder *holder, void (*see)(struct search *search, struct holder *holder))
{
	if (holder && holder != search->except && holds(holder, search->shm, search->word))
		see(search, holder);
}

/* Some may be seen twice. */
static void search_all(struct search *search, void (*see)(struct search *search, struct holder *holder))
{
	struct set *set = set_of(search->shm);

	for (int place = 0; place < PLACES; place++)
		look(search, atomic_load_explicit(&set->places[place], memory_order_relaxed), see);
	if (!atomic_load_explicit(&set->without_place, memory_order_relaxed))
		return;
	for (struct holder *holder = atomic_load(&holders); holder; holder = holder->next)
		look(search, holder, see);
}

static void replace(struct search *search, struct holder *holder)
{
	uint32_t seen = search->word;

	atomic_compare_exchange_strong_explicit(&holder->word, &seen, search->other, memory_order_relaxed, memory_order_relaxed);
}

void holder_replace_word(const struct holder *except, const char *shm, uint32_t word, uint32_t other)
{
	struct search search = {.except = except, .shm = shm, .word = word, .other = other};

	search_all(&search, replace);
}

enum holder_kind holder_kind_elsewhere(const struct holder *holder, uintptr_t file)
{
	return atomic_load_explicit(&holder->is_pooled, memory_order_relaxed) ||
			       waiters_have(atomic_load_explicit(&holder->thread, memory_order_relaxed), file, holder)
		       ? HOLDER_POOLED
		       : HOLDER_IN_PROCESS;
}

static enum holder_kind kind_of(const struct holder *holder, const char *shm)
{
	if (interpreter_lock_is_held())
		return HOLDER_OF_THREAD;
	if (holder_is_of_thread(holder))
		return roams() ? HOLDER_ROAMING : HOLDER_OF_THREAD;
	return holder_kind_elsewhere(holder, (uintptr_t)shm);
}

static void note_kind(struct search *search, struct holder *holder)
{
	enum holder_kind kind = kind_of(holder, search->shm);

	if (kind > search->found)
		search->found = kind;
}

/* Of those that have a reservation together, calls of one may come from another thread by now: the others are looked at, too. */
enum holder_kind holder_find(const struct holder *waiter, const char *shm, uint32_t word)
{
	struct search search = {.except = waiter, .shm = shm, .word = word, .found = HOLDER_ELSEWHERE};

	search_all(&search, note_kind);
	return search.found;
}

void holder_forked(void)
{
	waiters_forked();
	for (struct holder *holder = atomic_load(&holders); holder; holder = holder->next)
		if (!atomic_load_explicit(&holder->has_lock, memory_order_relaxed))
			atomic_store_explicit(&holder->word, 0, memory_order_relaxed);
}
