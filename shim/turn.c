/* turn.c - whose turn it is. */
#include "turn.h"

#include "queue.h"

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
#define TURN MILLISECOND
/* Who is back within this time was in a loop, and will most likely be again. */
#define AT_ONCE (200 * MICROSECOND)
/* How long the one who was woken is waited for. It needs 50 us if a processor is free. */
#define POLITE MILLISECOND
/* Times the length at which SQLite checkpoints. */
#define LONG_WAL 8
/* How long after the last sight of others each class is looked for in turn, instead of all at once. */
#define CROWD (1000 * MILLISECOND)

/* A waiter's class tells when it came, in slices of time that repeat; one who sleeps through a nap must not be taken for a
 * newcomer. */
#define SLICE (4 * MILLISECOND)
#define SLICES 29
#define OLD (SLICES * SLICE - TURN_NAP - 2 * SLICE)
#define CLASS_OLD QUEUE_CLASS(SLICES)
/* Woken once, and came too late. */
#define CLASS_NEXT QUEUE_CLASS(30)
#define CLASS_POLITE QUEUE_CLASS(31)
#define WAITERS (QUEUE_ALL & ~CLASS_POLITE)

static const char *word_of(const struct gate *gate)
{
	return gate->shared + LOCK_BYTES;
}

static uint32_t header_get(const struct gate *gate, size_t offset)
{
	return gate->shared ? *(const volatile uint32_t *)(const volatile void *)(gate->shared + offset) : 0;
}

static unsigned slice_of(int64_t time)
{
	return (unsigned)(time / SLICE % SLICES);
}

/* The class of a waiter that has waited since then and will look again within a nap. */
static uint32_t class_of(int64_t since, int64_t now)
{
	return now - since > OLD ? CLASS_OLD : QUEUE_CLASS(slice_of(since));
}

/* The classes of those who came less than so many slices ago. */
static uint32_t classes_since(int64_t now, unsigned slices)
{
	uint32_t classes = 0;

	for (unsigned i = 0; i < slices; i++)
		classes |= QUEUE_CLASS(slice_of(now - (int64_t)i * SLICE));
	return classes;
}

/* Those who came first go first: the kernel keeps the order among those we name, so name the oldest, then the younger. */
static bool wake_oldest(struct gate *gate, int64_t now)
{
	static const unsigned ages[] = {8, 4, 2, 0};
	const char *word = word_of(gate);
	bool found;

	if (gate->crowded && now - gate->seen > CROWD)
		gate->crowded = false;
	if (gate->crowded) {
		uint32_t asked = CLASS_NEXT;
		found = queue_wake(word, CLASS_NEXT);
		for (size_t i = 0; i < sizeof(ages) / sizeof(ages[0]) && !found; i++) {
			uint32_t classes = WAITERS & ~classes_since(now, ages[i]) & ~asked;
			found = queue_wake(word, classes);
			asked |= classes;
		}
	} else {
		found = queue_wake(word, WAITERS);
	}
	if (found) {
		gate->crowded = true;
		gate->seen = now;
	}
	return found;
}

void turn_taken(struct gate *gate)
{
	if (!gate->silent || !gate->comes_back) {
		gate->began = gate->tried;
		gate->watched = false;
	}
	gate->refused = false;
	gate->passed = true;
	gate->changes = header_get(gate, CHANGE_COUNTER);
	if (gate->queued && gate->shared)
		queue_wake(word_of(gate), CLASS_POLITE);
	gate->queued = false;
}

void turn_pass_on(struct gate *gate)
{
	int64_t now = queue_now();

	gate->owing = false;
	gate->left = now;
	gate->silent = gate->comes_back && now - gate->began < TURN;
	if (!gate->shared || (gate->silent && gate->watched))
		return;
	/* early in a turn: one is to look now and then whether we are gone for good */
	gate->watched = gate->silent;
	if (wake_oldest(gate, now) && !gate->silent)
		gate->polite = now + POLITE;
}

void turn_ends(struct gate *gate)
{
	gate->frames = header_get(gate, FRAMES);
	gate->changed = header_get(gate, CHANGE_COUNTER) != gate->changes;
}

void turn_ended(struct gate *gate)
{
	if (gate->changed && gate->checkpoint_at && gate->frames >= gate->checkpoint_at) {
		gate->owing = true;
		gate->left = queue_now();
	} else {
		turn_pass_on(gate);
	}
}

/* A transaction begins right after we woke somebody: let that one go first. The connection holds no lock here, and readers lose no
 * more than the one has to wait to be scheduled. */
static void be_polite(struct gate *gate)
{
	int64_t now = queue_now(), until = gate->polite;

	gate->polite = 0;
	if (!gate->shared || now - gate->left > AT_ONCE || now >= until)
		return;
	queue_wait(word_of(gate), CLASS_POLITE, until);
	gate->left += queue_now() - now;
}

void turn_before_read(struct gate *gate)
{
	gate->refused = false;
	if (gate->owing) {
		/* there was no checkpoint */
		gate->checkpoint_at = 0;
		turn_pass_on(gate);
	}
	if (gate->polite)
		be_polite(gate);
}

void turn_checkpoint_wanted(struct gate *gate)
{
	if (gate->left && !gate->owing && queue_now() - gate->left < AT_ONCE)
		gate->checkpoint_at = gate->frames;
}

void turn_checkpoint_refused(struct gate *gate)
{
	/* To wait for that is not fair to all, but at some length the WAL has to end. */
	if (gate->owing && gate->frames / LONG_WAL >= gate->checkpoint_at)
		gate->owing = false;
	else if (gate->owing)
		turn_pass_on(gate);
}

void turn_wanted(struct gate *gate)
{
	gate->tried = queue_now();
	if (!gate->left)
		return;
	gate->comes_back = gate->tried - gate->left < AT_ONCE;
	gate->left = 0;
}

uint32_t turn_changes(const struct gate *gate)
{
	return header_get(gate, CHANGE_COUNTER);
}

bool turn_checkpoint_runs(struct gate *gate)
{
	const sqlite3_io_methods *real = gate->real;
	int rc;

	if (!gate->shared || !gate->checkpoint_at || header_get(gate, FRAMES) < gate->checkpoint_at)
		return false;
	rc = real->xShmLock(gate->file, GATE_CHECKPOINT_LOCK, 1, SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE);
	if (rc == SQLITE_OK)
		real->xShmLock(gate->file, GATE_CHECKPOINT_LOCK, 1, SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE);
	return rc == SQLITE_BUSY;
}

bool turn_wait(struct gate *gate, int64_t since, int64_t until)
{
	int64_t now = queue_now();

	gate->crowded = true;
	gate->seen = now;
	gate->queued = queue_wait(word_of(gate), gate->next ? CLASS_NEXT : class_of(since, now), until);
	return gate->queued;
}
