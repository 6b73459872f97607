/* lock_handoff.c - whose turn it is. */
#include "locking/lock_handoff.h"

#include "locking/futex.h"

#include <stddef.h>

/* Offsets in the -shm (sqlite.org/walformat.html), of numbers in the machine's own byte order, and of the bytes that are reserved
 * for locks. */
#define CHANGE_COUNTER 8
#define FRAMES 16
#define LOCK_BYTES 120

#define MICROSECOND INT64_C(1000)
#define MILLISECOND (1000 * MICROSECOND)

/* How long one connection may take the lock again and again while others wait. Handing over costs two context switches and a cold
 * page cache, some 100 us. */
#define SLICE_OF_HOLDER MILLISECOND
/* Who is back within this time was in a loop, and will most likely be again. */
#define AT_ONCE (200 * MICROSECOND)
/* How long the one who was woken is waited for. It needs 50 us if a processor is free. */
#define YIELD MILLISECOND
/* Times the length at which SQLite checkpoints. */
#define LONG_WAL 8
/* How long after the last sight of others each class is looked for in turn, instead of all at once. */
#define CROWD (1000 * MILLISECOND)

/* A waiter's class tells when it came, in slices of time that repeat; one who sleeps through a poll_interval must not be taken for
 * a newcomer. */
#define SLICE (4 * MILLISECOND)
#define SLICES 29
#define OLD (SLICES * SLICE - HANDOFF_POLL_MAX - 2 * SLICE)
#define BIT_OLDEST FUTEX_BIT(SLICES)
/* Woken once, and came too late. */
#define BIT_PRIORITY FUTEX_BIT(30)
#define BIT_YIELDING FUTEX_BIT(31)
#define WAITERS (FUTEX_ANY & ~BIT_YIELDING)

static const char *word_of(const struct file_shim *shim)
{
	return shim->shm + LOCK_BYTES;
}

static uint32_t header_get(const struct file_shim *shim, size_t offset)
{
	return shim->shm ? *(const volatile uint32_t *)(const volatile void *)(shim->shm + offset) : 0;
}

static unsigned slice_of(int64_t time)
{
	return (unsigned)(time / SLICE % SLICES);
}

/* The class of a waiter that has waited since then and will look again within a poll_interval. */
static uint32_t bit_of(int64_t since, int64_t now)
{
	return now - since > OLD ? BIT_OLDEST : FUTEX_BIT(slice_of(since));
}

/* The classes of those who came less than so many slices ago. */
static uint32_t bits_since(int64_t now, unsigned slices)
{
	uint32_t classes = 0;

	for (unsigned i = 0; i < slices; i++)
		classes |= FUTEX_BIT(slice_of(now - (int64_t)i * SLICE));
	return classes;
}

/* Those who came first go first: the kernel keeps the order among those we name, so name the oldest, then the younger. */
static bool wake_oldest(struct file_shim *shim, int64_t now)
{
	static const unsigned ages[] = {8, 4, 2, 0};
	const char *word = word_of(shim);
	bool found;

	if (shim->has_waiters && now - shim->waiters_seen_at > CROWD)
		shim->has_waiters = false;
	if (shim->has_waiters) {
		uint32_t asked = BIT_PRIORITY;
		found = futex_wake(word, BIT_PRIORITY);
		for (size_t i = 0; i < sizeof(ages) / sizeof(ages[0]) && !found; i++) {
			uint32_t classes = WAITERS & ~bits_since(now, ages[i]) & ~asked;
			found = futex_wake(word, classes);
			asked |= classes;
		}
	} else {
		found = futex_wake(word, WAITERS);
	}
	if (found) {
		shim->has_waiters = true;
		shim->waiters_seen_at = now;
	}
	return found;
}

void handoff_acquired(struct file_shim *shim)
{
	if (!shim->in_slice || !shim->reacquires) {
		shim->slice_began = shim->tried_at;
		shim->observer_woken = false;
	}
	shim->contended = false;
	shim->released_since_poll = true;
	shim->changes = header_get(shim, CHANGE_COUNTER);
	if (shim->woken && shim->shm)
		futex_wake(word_of(shim), BIT_YIELDING);
	shim->woken = false;
}

void handoff_pass_on(struct file_shim *shim)
{
	int64_t now = monotonic_now();

	shim->wake_deferred = false;
	shim->released_at = now;
	shim->in_slice = shim->reacquires && now - shim->slice_began < SLICE_OF_HOLDER;
	if (!shim->shm || (shim->in_slice && shim->observer_woken))
		return;
	/* early in a turn: one is to look now and then whether we are gone for good */
	shim->observer_woken = shim->in_slice;
	if (wake_oldest(shim, now) && !shim->in_slice)
		shim->yield_until = now + YIELD;
}

void handoff_releasing(struct file_shim *shim)
{
	shim->frames = header_get(shim, FRAMES);
	shim->changed = header_get(shim, CHANGE_COUNTER) != shim->changes;
}

void handoff_released(struct file_shim *shim)
{
	if (shim->changed && shim->checkpoint_at && shim->frames >= shim->checkpoint_at) {
		shim->wake_deferred = true;
		shim->released_at = monotonic_now();
	} else {
		handoff_pass_on(shim);
	}
}

/* A transaction begins right after we woke somebody: let that one go first. The connection holds no lock here, and readers lose no
 * more than the one has to wait to be scheduled. */
static void yield_to_woken(struct file_shim *shim)
{
	int64_t now = monotonic_now(), until = shim->yield_until;

	shim->yield_until = 0;
	if (!shim->shm || now - shim->released_at > AT_ONCE || now >= until)
		return;
	futex_wait(word_of(shim), BIT_YIELDING, until);
	shim->released_at += monotonic_now() - now;
}

void handoff_before_read(struct file_shim *shim)
{
	shim->contended = false;
	if (shim->wake_deferred) {
		/* there was no checkpoint */
		shim->checkpoint_at = 0;
		handoff_pass_on(shim);
	}
	if (shim->yield_until)
		yield_to_woken(shim);
}

void handoff_checkpoint_try(struct file_shim *shim)
{
	if (shim->released_at && !shim->wake_deferred && monotonic_now() - shim->released_at < AT_ONCE)
		shim->checkpoint_at = shim->frames;
}

void handoff_checkpoint_contended(struct file_shim *shim)
{
	/* To wait for that is not fair to all, but at some length the WAL has to end. */
	if (shim->wake_deferred && shim->frames / LONG_WAL >= shim->checkpoint_at)
		shim->wake_deferred = false;
	else if (shim->wake_deferred)
		handoff_pass_on(shim);
}

void handoff_try(struct file_shim *shim)
{
	shim->tried_at = monotonic_now();
	if (!shim->released_at)
		return;
	shim->reacquires = shim->tried_at - shim->released_at < AT_ONCE;
	shim->released_at = 0;
}

uint32_t handoff_changes(const struct file_shim *shim)
{
	return header_get(shim, CHANGE_COUNTER);
}

bool handoff_checkpoint_runs(struct file_shim *shim)
{
	const sqlite3_io_methods *real = shim->original;
	int rc;

	if (!shim->shm || !shim->checkpoint_at || header_get(shim, FRAMES) < shim->checkpoint_at)
		return false;
	rc = real->xShmLock(shim->file, WAL_CHECKPOINT_LOCK, 1, SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE);
	if (rc == SQLITE_OK)
		real->xShmLock(shim->file, WAL_CHECKPOINT_LOCK, 1, SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE);
	return rc == SQLITE_BUSY;
}

bool handoff_wait(struct file_shim *shim, int64_t since, int64_t until)
{
	int64_t now = monotonic_now();

	shim->has_waiters = true;
	shim->waiters_seen_at = now;
	shim->woken = futex_wait(word_of(shim), shim->has_priority ? BIT_PRIORITY : bit_of(since, now), until);
	return shim->woken;
}
