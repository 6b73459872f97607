/* handoff.c - unit tests of the hand-over of the write lock, with a clock and waiters that are made up.
 *
 * Waiters are classes in a list, in the order in which they came: as the kernel does, a wake takes the first whose class is named.
 */
#include "locking/lock_handoff.h"

#include "../check.h"

#include <string.h>

#define MICROSECOND INT64_C(1000)
#define MILLISECOND (1000 * MICROSECOND)
#define WAITERS_LIMIT 8

static int64_t now = 1000 * MILLISECOND;
static uint32_t waiters[WAITERS_LIMIT];
static unsigned waiting, wakes, waits;
static uint32_t last_class;
static const volatile void *last_word;
static int64_t last_until;
static bool is_woken; /* what a wait answers */

static int64_t clock_now(void)
{
	return now;
}

static bool pretend_wait(const volatile void *word, uint32_t class, int64_t until)
{
	waits++;
	last_word = word;
	last_class = class;
	last_until = until;
	now = is_woken ? now + 10 * MICROSECOND : until;
	return is_woken;
}

static bool pretend_wake(const volatile void *word, uint32_t classes)
{
	wakes++;
	last_word = word;
	for (unsigned i = 0; i < waiting; i++)
		if (waiters[i] & classes) {
			last_class = waiters[i];
			memmove(&waiters[i], &waiters[i + 1], (--waiting - i) * sizeof(waiters[0]));
			return true;
		}
	return false;
}

static const struct handoff_system system_made_up = {clock_now, pretend_wait, pretend_wake};

static union {
	uint32_t words[64];
	char bytes[256];
} shm;

static struct handoff start(void)
{
	struct handoff handoff;

	memset(&shm, 0, sizeof(shm));
	waiting = wakes = waits = 0;
	is_woken = false;
	handoff_init(&handoff, &system_made_up);
	handoff.shm = shm.bytes;
	return handoff;
}

/* One that waits since then adds its class to the list. */
static void queue_since(int64_t since)
{
	struct handoff waiter;

	handoff_init(&waiter, &system_made_up);
	waiter.shm = shm.bytes;
	int64_t before = now;
	handoff_wait(&waiter, since, now);
	now = before;
	waiters[waiting++] = last_class;
}

static void take_and_return(struct handoff *handoff, int64_t held, bool commits)
{
	handoff_try(handoff);
	handoff_acquired(handoff);
	now += held;
	shm.words[2] += commits;
	handoff_releasing(handoff);
	handoff_released(handoff);
}

static void test_age(void)
{
	struct handoff handoff = start();
	uint32_t young, old, oldest;

	queue_since(now - 2 * MILLISECOND);
	young = waiters[0];
	queue_since(now - 20 * MILLISECOND);
	old = waiters[1];
	queue_since(now - 500 * MILLISECOND);
	oldest = waiters[2];
	check(young != old && old != oldest, "each age has a class of its own");
	/* it must know that there is a crowd, or it wakes whoever came first */
	handoff.waiters_seen_at = now;
	take_and_return(&handoff, MILLISECOND, true);
	check(last_class == oldest, "who has waited longest goes first: %x", last_class);
	take_and_return(&handoff, MILLISECOND, true);
	check(last_class == old, "then the next: %x", last_class);
	take_and_return(&handoff, MILLISECOND, true);
	check(last_class == young && waiting == 0, "then the youngest: %x", last_class);
}

/* What one calls to wake a waiter, that was itself woken so long after it came, and had the lock for so long. */
static unsigned wakes_after(int64_t waited, int64_t held)
{
	struct handoff handoff = start();

	is_woken = true;
	handoff_wait(&handoff, now - waited, now + MILLISECOND);
	is_woken = false;
	handoff.place = PLACE_BY_AGE;
	queue_since(now - 20 * MILLISECOND);
	wakes = 0;
	take_and_return(&handoff, held, true);
	check(waiting == 0, "it is woken");
	return wakes;
}

static void test_brief_crowd(void)
{
	const uint32_t late = UINT32_C(1) << 30;
	struct handoff handoff;
	unsigned brief;

	brief = wakes_after(30 * MILLISECOND, MILLISECOND);
	check(brief == 1, "where nobody waits for long one call wakes the next, not %u", brief);
	check(wakes_after(80 * MILLISECOND, MILLISECOND) == 3, "else who has waited longest is asked for before");
	check(wakes_after(30 * MILLISECOND, 3 * MILLISECOND) == 3, "and after a long transaction");
	handoff = start();
	handoff.woken_after = 30 * MILLISECOND;
	for (int i = 0; i < 4; i++)
		queue_since(now - 20 * MILLISECOND);
	waiters[waiting++] = late;
	handoff.waiters_seen_at = now;
	for (int i = 0; i < 4; i++)
		take_and_return(&handoff, MILLISECOND, true);
	check(waiting == 1 && last_class == late, "one that came too late waits for four turns at most: %u wait", waiting);
}

static void test_woken_once(void)
{
	struct handoff handoff = start();

	queue_since(now);
	queue_since(now);
	take_and_return(&handoff, 2 * MILLISECOND, true);
	check(waiting == 1, "one release wakes one waiter, not %u", 2 - waiting);
	check(handoff_woke_waiter(&handoff), "it knows that others were kept waiting");
	waiting = 0;
	now += 5000 * MILLISECOND;
	take_and_return(&handoff, 2 * MILLISECOND, true);
	check(!handoff_woke_waiter(&handoff), "and that nobody was");
}

static void test_slice(void)
{
	struct handoff handoff = start();

	queue_since(now);
	queue_since(now);
	queue_since(now);
	take_and_return(&handoff, 2 * MILLISECOND, true);
	now += 5 * MICROSECOND;
	take_and_return(&handoff, 10 * MICROSECOND, true); /* back at once: a slice begins, with one observer */
	check(waiting == 1, "an owner that comes back wakes an observer, and no other: %u wait", waiting);
	for (int i = 0; i < 5; i++) {
		now += 5 * MICROSECOND;
		take_and_return(&handoff, 10 * MICROSECOND, true);
	}
	check(waiting == 1, "within its slice it wakes nobody: %u wait", waiting);
	now += 5 * MICROSECOND;
	take_and_return(&handoff, 2 * MILLISECOND, true);
	check(waiting == 0, "a slice ends after a millisecond: %u wait", waiting);
}

/* One that has the lock for so long at a time, and wants it back at once, while two wait. How long until the second one is woken?
 */
static int64_t slice_of(int64_t held)
{
	struct handoff handoff = start();
	int64_t began;

	queue_since(now);
	queue_since(now);
	take_and_return(&handoff, 5 * MILLISECOND, true);
	now += 5 * MICROSECOND;
	queue_since(now);
	began = now;
	while (waiting > 0 && now - began < 10 * MILLISECOND) {
		take_and_return(&handoff, held, true);
		now += 5 * MICROSECOND;
	}
	return now - began;
}

static void test_slice_of_short(void)
{
	int64_t of_short = slice_of(20 * MICROSECOND), of_long = slice_of(400 * MICROSECOND);

	check(of_short > 2 * MILLISECOND && of_short < 2 * MILLISECOND + 50 * MICROSECOND,
	      "the slice of short transactions is two milliseconds: %lld us", (long long)(of_short / MICROSECOND));
	check(of_long > MILLISECOND && of_long < MILLISECOND + 500 * MICROSECOND, "that of longer ones is one: %lld us",
	      (long long)(of_long / MICROSECOND));
}

static void test_yield(void)
{
	struct handoff handoff = start();

	queue_since(now);
	take_and_return(&handoff, 2 * MILLISECOND, true);
	waits = 0;
	handoff_before_read(&handoff, false);
	check(waits == 1 && last_until - handoff.released_at <= MILLISECOND + 1,
	      "the waiter that was woken goes first, for a millisecond");
	waits = 0;
	handoff_before_read(&handoff, false);
	check(waits == 0, "once");
	take_and_return(&handoff, 2 * MILLISECOND, true);
	now += MILLISECOND;
	handoff_before_read(&handoff, false);
	check(waits == 0, "who comes back later has no need to yield");
}

/* Who was woken and gets the lock looks for one that yields where that sleeps, and not among those that wait for the lock. */
static void test_yield_word(void)
{
	struct handoff woken = start(), yields = woken;
	const volatile void *waits_at, *yields_at;

	is_woken = true;
	handoff_wait(&woken, now, now + MILLISECOND);
	waits_at = last_word;
	yields.released_at = now;
	yields.yield_until = now + MILLISECOND;
	handoff_before_read(&yields, false);
	yields_at = last_word;
	wakes = 0;
	handoff_try(&woken);
	handoff_acquired(&woken);
	check(wakes == 1 && last_word == yields_at && yields_at != waits_at, "who yields sleeps apart, and is woken there");
}

/* A BEGIN asks, and shares nothing then. */
static void test_has_woken(void)
{
	struct handoff handoff = start();

	check(!handoff_has_woken(&handoff), "nobody was woken yet");
	queue_since(now);
	take_and_return(&handoff, 2 * MILLISECOND, true);
	check(handoff_has_woken(&handoff) && handoff_gives_way(&handoff), "a waiter was, and this one can still give way to it");
	queue_since(now);
	take_and_return(&handoff, 2 * MILLISECOND, true);
	now += MILLISECOND;
	check(!handoff_has_woken(&handoff), "a millisecond later it has the lock, or has gone");
}

static void test_gives_way(void)
{
	struct handoff handoff = start();

	queue_since(now);
	take_and_return(&handoff, 2 * MILLISECOND, true);
	waits = 0;
	handoff_before_read(&handoff, true);
	check(waits == 0, "who is known to want the lock does not yield first");
	check(handoff_gives_way(&handoff), "but gives way to the waiter that was woken");
	check(!handoff_gives_way(&handoff), "once");
	take_and_return(&handoff, 2 * MILLISECOND, true);
	check(!handoff_gives_way(&handoff), "not if nobody was woken");
	queue_since(now);
	take_and_return(&handoff, 2 * MILLISECOND, true);
	now += MILLISECOND;
	check(!handoff_gives_way(&handoff), "nor if it comes back later");
}

static void test_late(void)
{
	struct handoff handoff = start();

	handoff_try(&handoff);
	handoff_refused(&handoff);
	is_woken = true;
	handoff_wait(&handoff, now, now + 10 * MILLISECOND);
	check(handoff.place == PLACE_WOKEN, "it was woken");
	handoff_try(&handoff);
	handoff_refused(&handoff);
	handoff.place = PLACE_FIRST; /* as the busy handler has it */
	is_woken = false;
	handoff_wait(&handoff, now, now + 10 * MILLISECOND);
	check(last_class == UINT32_C(1) << 30, "a waiter that was woken and came too late has a class of its own: %x", last_class);
	waiters[waiting++] = last_class;
	queue_since(now - 500 * MILLISECOND);
	handoff.waiters_seen_at = now;
	handoff.place = PLACE_BY_AGE;
	take_and_return(&handoff, 2 * MILLISECOND, true);
	check(last_class == UINT32_C(1) << 30, "and goes before the oldest: %x", last_class);
}

/* One that is killed or stopped is not in the kernel's list, or does not run when it is woken: others go on. */
static void test_killed(void)
{
	struct handoff handoff = start();

	queue_since(now - 40 * MILLISECOND);
	queue_since(now);
	take_and_return(&handoff, 2 * MILLISECOND, true); /* wakes the one that was stopped */
	check(waiting == 1, "one is woken");
	handoff_before_read(&handoff, false);
	check(now <= handoff.released_at + 2 * MILLISECOND, "the owner does not wait for it longer than a millisecond");
	take_and_return(&handoff, 2 * MILLISECOND, true);
	check(waiting == 0, "and then the next one is woken");
}

static void test_checkpoint_owed(void)
{
	struct handoff handoff = start();

	queue_since(now);
	handoff.checkpoint_at = 1000;
	shm.words[4] = 1000;
	take_and_return(&handoff, 2 * MILLISECOND, true);
	check(waiting == 1 && handoff.release == WAKE_DEFERRED, "after a commit that owes a checkpoint nobody is woken yet");
	handoff_checkpoint_try(&handoff);
	handoff_pass_on(&handoff);
	check(waiting == 0 && handoff.release != WAKE_DEFERRED, "the checkpoint's end wakes");
	queue_since(now);
	take_and_return(&handoff, 2 * MILLISECOND, true);
	handoff_before_read(&handoff, false);
	check(waiting == 0 && handoff.checkpoint_at == 0, "if there was none, the next read wakes, and learns it");
	queue_since(now);
	take_and_return(&handoff, 2 * MILLISECOND, false);
	check(waiting == 0, "a transaction that changed nothing owes none");
	handoff.checkpoint_at = 1000;
	queue_since(now);
	take_and_return(&handoff, 2 * MILLISECOND, true);
	handoff_checkpoint_contended(&handoff);
	check(waiting == 0, "another one that checkpoints lets the owner wake");
}

static void test_without_shm(void)
{
	struct handoff handoff = start();

	handoff.shm = NULL;
	take_and_return(&handoff, MILLISECOND, false);
	handoff_before_read(&handoff, false);
	check(wakes == 0 && waits == 0 && handoff_changes(&handoff) == 0, "without a -shm nothing is waited for, nor woken");
}

int main(void)
{
	test_age();
	test_brief_crowd();
	test_woken_once();
	test_slice();
	test_slice_of_short();
	test_yield();
	test_yield_word();
	test_has_woken();
	test_gives_way();
	test_late();
	test_killed();
	test_checkpoint_owed();
	test_without_shm();
	return check_end();
}
