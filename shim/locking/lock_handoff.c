/* lock_handoff.c - how the write lock of a WAL database is handed over.
 *
 * A waiter sleeps in the kernel (futex(2)) on the lock bytes of the -shm, in a class that says since when it waits. The connection
 * that gives the lock back, or a reservation (reservation.h), wakes one waiter of the oldest class that has any. Waiters register
 * nowhere, and no byte that they wait on is written: one that is killed, stopped or late leaves nothing that others would wait for.
 * A wake-up can be lost; a waiter therefore sleeps no longer than a poll interval, which grows with its age.
 *
 * Who waits on what:
 * - a waiter in the class of its age (29 classes of 8 ms, then the oldest), for the lock;
 * - a waiter that was woken and came too late in BIT_PRIORITY, which is asked first;
 * - a connection that has just woken a waiter, and begins anew: if it is known to want the lock, in its class, as if it had been
 *   refused; else in BIT_YIELDING, at most a millisecond, until that waiter has the lock. It holds nothing meanwhile.
 * The owner of the lock may take it again within a slice of one or two milliseconds without waking anybody but one observer, which
 * looks whether the owner is gone for good.
 *
 * What the library touches in the -shm (sqlite.org/walformat.html; numbers in the machine's own byte order):
 *
 *     0  version of the format, 3007000         read   no reservations where it is another (reservation.c)
 *     4  unused                                slept on by those that yield, never written
 *     8  change counter, moves with each commit read   did the transaction change anything? do others get ahead?
 *    16  frames in the WAL                      read   is a checkpoint due?
 *    32  salt, 8 bytes, another one per WAL     read   was the WAL started anew? (reset_guard.h)
 *   0-47 the header                             read   did it change while a reservation waited? (reservation.c)
 *    96  frames copied into the database         read   may the WAL be started anew? (wal_limit.c)
 *   100  marks of readers, 20 bytes              read   does one stay? (wal_limit.c)
 *   120  lock bytes, 8, of no use to SQLite     slept on, never written
 *   124  the last four of them                  written: until when a transaction has the database reserved (reservation.c), or
 *                                               which ones write that begin like others (site_memory.h)
 *   132  4 bytes, set aside                     written: until when reads that begin are delayed (read_delay.c)
 *
 * Its locks: byte 120, SQLite's write lock, is also held shared on behalf of a transaction that has begun, and not shared while it
 * writes; byte 129 is a lock among those who share it (shared_write.h); bytes from 2^60 on tell the first statements of
 * transactions that read (site_locks.h).
 */
#include "locking/lock_handoff.h"

#include "locking/futex.h"

#define CHANGE_COUNTER 8
#define FRAMES 16
#define LOCK_BYTES 120
#define UNUSED 4

#define MICROSECOND INT64_C(1000)
#define MILLISECOND (1000 * MICROSECOND)

/* How long one connection may take the lock again and again while others wait, and where its transactions hold it no longer than
 * that: handing over costs two context switches, and a transaction with all caches cold, some 300 us. */
#define SLICE MILLISECOND
#define SLICE_OF_SHORT (2 * MILLISECOND)
#define SHORT (250 * MICROSECOND)
/* Who is back within this time was in a loop, and will most likely be again. */
#define AT_ONCE (200 * MICROSECOND)
/* How long a connection waits for the waiter that it woke, which needs 50 us if a processor is free. */
#define YIELD MILLISECOND
/* Times the length at which SQLite checkpoints. */
#define LONG_WAL 8
/* How long after the last sight of others each class is looked for in turn, instead of all at once. */
#define CROWD (1000 * MILLISECOND)
/* Who was woken after less than the first of these has no reason to ask for the oldest at each release, nor, while its transactions
 * take less than the second, for one that came too late: each of so many times will do. */
#define BRIEF_WAIT (HANDOFF_OLD / 4 * 3)
#define BRIEF (2 * MILLISECOND)
#define BRIEF_ASKS 4

/* A waiter's class tells when it came, in spans of time that repeat; a waiter that sleeps through a poll interval must not be taken
 * for a newcomer. */
#define SPAN (8 * MILLISECOND)
#define SPANS 29
_Static_assert(HANDOFF_OLD + HANDOFF_POLL_MAX + 2 * SPAN <= SPANS * SPAN, "a class stays that of its waiter");
#define BIT_OLDEST FUTEX_BIT(SPANS)
#define BIT_PRIORITY FUTEX_BIT(30)
#define BIT_YIELDING FUTEX_BIT(31)
#define WAITERS (FUTEX_ANY & ~BIT_YIELDING)

const struct handoff_system handoff_kernel = {monotonic_now, futex_wait, futex_wake};

static bool wake_nobody(const volatile void *word, uint32_t classes)
{
	(void)word;
	(void)classes;
	return false;
}

const struct handoff_system handoff_unfair = {monotonic_now, futex_wait, wake_nobody};

void handoff_init(struct handoff *handoff, const struct handoff_system *system)
{
	/* how many frames SQLite lets the WAL grow to, unless it was set otherwise: sqlite.org/c3ref/wal_autocheckpoint.html. What
	 * holds here is learnt. */
	*handoff = (struct handoff){.system = system, .checkpoint_at = 1000};
}

static const char *word_of(const struct handoff *handoff)
{
	return handoff->shm + LOCK_BYTES;
}

/* Of those that let a waiter go first: who wakes them need not pass all that wait for the lock. */
static const char *yield_word_of(const struct handoff *handoff)
{
	return handoff->shm + UNUSED;
}

static uint32_t header_get(const struct handoff *handoff, size_t offset)
{
	return handoff->shm ? *(const volatile uint32_t *)(const volatile void *)(handoff->shm + offset) : 0;
}

static unsigned span_of(int64_t time)
{
	return (unsigned)(time / SPAN % SPANS);
}

/* The class of a waiter that has waited since then and will look again within a poll interval. */
static uint32_t bit_of(int64_t since, int64_t now)
{
	return now - since > HANDOFF_OLD ? BIT_OLDEST : FUTEX_BIT(span_of(since));
}

/* The classes of those who came less than so many spans ago. */
static uint32_t bits_since(int64_t now, unsigned spans)
{
	uint32_t classes = 0;

	for (unsigned i = 0; i < spans; i++)
		classes |= FUTEX_BIT(span_of(now - (int64_t)i * SPAN));
	return classes;
}

static bool wake(struct handoff *handoff, uint32_t classes)
{
	return handoff->system->wake(word_of(handoff), classes);
}

/* Is nobody likely to be there who goes before all others? An observer is. Each call that finds nobody delays the next owner. */
static bool crowd_is_brief(struct handoff *handoff, int64_t now, bool observed)
{
	return !observed && handoff->woken_after && handoff->woken_after <= BRIEF_WAIT && now - handoff->acquired_at <= BRIEF &&
	       ++handoff->brief_releases % BRIEF_ASKS != 0;
}

/* The kernel keeps the order among the classes that one call names, so name the oldest, then the younger. */
static bool wake_oldest(struct handoff *handoff, int64_t now, bool observed)
{
	static const unsigned ages[] = {2, 0};
	bool found = false;

	if (handoff->waiters_seen_at && now - handoff->waiters_seen_at <= CROWD) {
		uint32_t asked = 0;

		if (!crowd_is_brief(handoff, now, observed)) {
			asked = BIT_PRIORITY | BIT_OLDEST;
			found = wake(handoff, BIT_PRIORITY) || wake(handoff, BIT_OLDEST);
		}
		for (size_t i = 0; i < sizeof(ages) / sizeof(ages[0]) && !found; i++) {
			uint32_t classes = WAITERS & ~bits_since(now, ages[i]) & ~asked;
			found = wake(handoff, classes);
			asked |= classes;
		}
	} else {
		handoff->waiters_seen_at = 0;
		found = wake(handoff, WAITERS);
	}
	if (found)
		handoff->waiters_seen_at = now;
	return found;
}

void handoff_try(struct handoff *handoff)
{
	handoff->tried_at = handoff->system->now();
	if (!handoff->released_at)
		return;
	handoff->reacquires = handoff->tried_at - handoff->released_at < AT_ONCE;
	handoff->released_at = 0;
}

void handoff_refused(struct handoff *handoff)
{
	handoff->attempt = ATTEMPT_REFUSED;
}

void handoff_acquired(struct handoff *handoff)
{
	if (handoff->slice != SLICE_OBSERVED || !handoff->reacquires) {
		handoff->slice_began = handoff->tried_at;
		handoff->slice = SLICE_NEW;
	}
	handoff->acquired_at = handoff->tried_at;
	handoff->attempt = ATTEMPT_GRANTED;
	handoff->changes = header_get(handoff, CHANGE_COUNTER);
	if (handoff->place == PLACE_WOKEN && handoff->shm)
		handoff->system->wake(yield_word_of(handoff), BIT_YIELDING);
	handoff->place = PLACE_BY_AGE;
}

static bool slice_lasts(const struct handoff *handoff, int64_t now)
{
	int64_t length = now - handoff->acquired_at <= SHORT ? SLICE_OF_SHORT : SLICE;

	return handoff->reacquires && now - handoff->slice_began < length;
}

void handoff_pass_on(struct handoff *handoff)
{
	int64_t now = handoff->system->now();
	bool lasts = slice_lasts(handoff, now);
	bool observed = handoff->slice == SLICE_OBSERVED;

	handoff->release = RELEASED_UNCHANGED;
	handoff->released_at = now;
	handoff->slice = lasts ? SLICE_OBSERVED : SLICE_OVER;
	if (!handoff->shm || (lasts && observed))
		return;
	if (wake_oldest(handoff, now, observed) && !lasts)
		handoff->yield_until = now + YIELD;
}

bool handoff_woke_waiter(const struct handoff *handoff)
{
	return handoff->released_at && handoff->waiters_seen_at == handoff->released_at;
}

bool handoff_has_seen_waiters(const struct handoff *handoff)
{
	return handoff->waiters_seen_at != 0;
}

void handoff_releasing(struct handoff *handoff)
{
	handoff->frames = header_get(handoff, FRAMES);
	handoff->release = header_get(handoff, CHANGE_COUNTER) != handoff->changes ? RELEASED_CHANGED : RELEASED_UNCHANGED;
}

void handoff_released(struct handoff *handoff)
{
	if (handoff->release == RELEASED_CHANGED && handoff->checkpoint_at && handoff->frames >= handoff->checkpoint_at) {
		handoff->release = WAKE_DEFERRED;
		handoff->released_at = handoff->system->now();
	} else {
		handoff_pass_on(handoff);
	}
}

/* Does a transaction begin right after we woke a waiter, at `now`? */
static bool comes_back(struct handoff *handoff, int64_t now)
{
	int64_t until = handoff->yield_until;

	handoff->yield_until = 0;
	return handoff->shm && now - handoff->released_at <= AT_ONCE && now < until;
}

/* The waiter goes first. The connection holds no lock here, and readers lose no more than a waiter needs to be scheduled. */
static void yield_to_woken(struct handoff *handoff)
{
	int64_t now = handoff->system->now(), until = handoff->yield_until;

	if (!comes_back(handoff, now))
		return;
	handoff->system->wait(yield_word_of(handoff), BIT_YIELDING, until);
	handoff->released_at += handoff->system->now() - now;
}

bool handoff_has_woken(const struct handoff *handoff)
{
	return handoff->yield_until && handoff->system->now() < handoff->yield_until;
}

bool handoff_gives_way(struct handoff *handoff)
{
	return handoff->yield_until && comes_back(handoff, handoff->system->now());
}

void handoff_before_read(struct handoff *handoff, bool wants_lock)
{
	if (handoff->attempt == ATTEMPT_REFUSED)
		handoff->attempt = ATTEMPT_NONE;
	if (handoff->release == WAKE_DEFERRED) {
		/* there was no checkpoint */
		handoff->checkpoint_at = 0;
		handoff_pass_on(handoff);
	}
	if (handoff->yield_until && !wants_lock)
		yield_to_woken(handoff);
}

void handoff_checkpoint_try(struct handoff *handoff)
{
	if (handoff->released_at && handoff->release != WAKE_DEFERRED && handoff->system->now() - handoff->released_at < AT_ONCE)
		handoff->checkpoint_at = handoff->frames;
}

void handoff_checkpoint_contended(struct handoff *handoff)
{
	/* To wait for that is not fair to all, but at some length the WAL has to end. */
	if (handoff->release == WAKE_DEFERRED && handoff->frames / LONG_WAL >= handoff->checkpoint_at)
		handoff->release = RELEASED_CHANGED;
	else if (handoff->release == WAKE_DEFERRED)
		handoff_pass_on(handoff);
}

bool handoff_checkpoint_is_due(const struct handoff *handoff)
{
	return handoff->shm && handoff->checkpoint_at && header_get(handoff, FRAMES) >= handoff->checkpoint_at;
}

uint32_t handoff_changes(const struct handoff *handoff)
{
	return header_get(handoff, CHANGE_COUNTER);
}

bool handoff_wait(struct handoff *handoff, int64_t since, int64_t until)
{
	int64_t now = handoff->system->now();

	handoff->waiters_seen_at = now;
	if (!handoff->system->wait(word_of(handoff), handoff->place == PLACE_FIRST ? BIT_PRIORITY : bit_of(since, now), until))
		return false;
	handoff->woken_after = handoff->system->now() - since;
	handoff->place = PLACE_WOKEN;
	return true;
}
