/* gate.c - SQLite's file methods, with ours in front. */
#include "gate.h"

#include "queue.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Locks of the -shm, as SQLite numbers them: sqlite.org/walformat.html */
#define WRITE_LOCK 0
#define CHECKPOINT_LOCK 1
/* Offsets in it, of numbers in the machine's own byte order, and of the bytes that are reserved for locks. */
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
/* sqlite.org/c3ref/wal_autocheckpoint.html; what the program set is learnt. */
#define USUAL_CHECKPOINT 1000
/* Times the length at which SQLite checkpoints. */
#define LONG_WAL 8
/* How long after the last sight of others each class is looked for in turn, instead of all at once. */
#define CROWD (1000 * MILLISECOND)

/* A waiter's class tells when it came, in slices of time that repeat; one who sleeps through a nap must not be taken for a
 * newcomer. */
#define SLICE (4 * MILLISECOND)
#define SLICES 29
#define OLD (SLICES * SLICE - GATE_NAP - 2 * SLICE)
#define CLASS_OLD QUEUE_CLASS(SLICES)
/* Woken once, and came too late. */
#define CLASS_NEXT QUEUE_CLASS(30)
#define CLASS_POLITE QUEUE_CLASS(31)
#define WAITERS (QUEUE_ALL & ~CLASS_POLITE)

/* A gate can still be in a connection's busy slot when its file is closed (sqlite3_deserialize): its memory is never given back. */
static struct gate *unused;
static atomic_flag unused_lock = ATOMIC_FLAG_INIT;

/* No waiting here: fork() may have left it locked. */
static struct gate *gate_allocate(void)
{
	struct gate *gate = NULL;

	if (!atomic_flag_test_and_set_explicit(&unused_lock, memory_order_acquire)) {
		gate = unused;
		if (gate)
			unused = gate->unused;
		atomic_flag_clear_explicit(&unused_lock, memory_order_release);
	}
	if (!gate)
		return calloc(1, sizeof(*gate));
	memset(gate, 0, sizeof(*gate));
	return gate;
}

static void gate_drop(struct gate *gate)
{
	gate->db = NULL;
	gate->shared = NULL;
	if (atomic_flag_test_and_set_explicit(&unused_lock, memory_order_acquire))
		return;
	gate->unused = unused;
	unused = gate;
	atomic_flag_clear_explicit(&unused_lock, memory_order_release);
}

static struct gate *gate_of(sqlite3_file *file)
{
	return (struct gate *)(uintptr_t)file->pMethods;
}

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

static void taken(struct gate *gate)
{
	int64_t now = queue_now();

	if (!gate->silent || !gate->comes_back) {
		gate->began = now;
		gate->watched = false;
	}
	gate->refused = false;
	gate->passed = true;
	gate->changes = header_get(gate, CHANGE_COUNTER);
	if (gate->queued && gate->shared)
		queue_wake(word_of(gate), CLASS_POLITE);
	gate->queued = false;
}

/* Lets the next one in, unless the turn goes on. */
static void tell(struct gate *gate)
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

static void given_back(struct gate *gate, bool changed)
{
	if (changed && gate->checkpoint_at && gate->frames >= gate->checkpoint_at) {
		gate->owing = true;
		gate->left = queue_now();
	} else {
		tell(gate);
	}
}

static int gate_lock_checkpoint(struct gate *gate, sqlite3_file *file, int flags)
{
	bool begins = (flags & SQLITE_SHM_LOCK) != 0;
	int rc;

	if (begins && gate->left && !gate->owing && queue_now() - gate->left < AT_ONCE)
		gate->checkpoint_at = gate->frames;
	rc = gate->real->xShmLock(file, CHECKPOINT_LOCK, 1, flags);
	if (!gate->owing || (begins && rc == SQLITE_OK))
		return rc;
	/* Somebody else checkpoints, and will tell at the end of it. To wait for that is not fair to all, but at some length the
	 * WAL has to end. */
	if (begins && gate->frames / LONG_WAL >= gate->checkpoint_at)
		gate->owing = false;
	else
		tell(gate);
	return rc;
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

static void wanted(struct gate *gate)
{
	if (!gate->left)
		return;
	gate->comes_back = queue_now() - gate->left < AT_ONCE;
	gate->left = 0;
}

static int gate_lock(sqlite3_file *file, int offset, int n, int flags)
{
	struct gate *gate = gate_of(file);
	bool changed = false;
	int rc;

	if (offset == CHECKPOINT_LOCK && n == 1)
		return gate_lock_checkpoint(gate, file, flags);
	if (offset != WRITE_LOCK || !(flags & SQLITE_SHM_EXCLUSIVE)) {
		if (flags == (SQLITE_SHM_LOCK | SQLITE_SHM_SHARED)) {
			gate->refused = false;
			if (gate->owing) {
				/* there was no checkpoint */
				gate->checkpoint_at = 0;
				tell(gate);
			}
			if (gate->polite)
				be_polite(gate);
			if (gate->reader)
				gate->reader(gate->reader_argument);
		}
		return gate->real->xShmLock(file, offset, n, flags);
	}
	if (flags & SQLITE_SHM_LOCK) {
		wanted(gate);
	} else {
		gate->frames = header_get(gate, FRAMES);
		changed = header_get(gate, CHANGE_COUNTER) != gate->changes;
	}
	rc = gate->real->xShmLock(file, offset, n, flags);
	if (flags & SQLITE_SHM_UNLOCK)
		given_back(gate, changed);
	else if (rc == SQLITE_OK)
		taken(gate);
	else if (rc == SQLITE_BUSY)
		gate->refused = true;
	return rc;
}

static int gate_map(sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
	struct gate *gate = gate_of(file);
	int rc = gate->real->xShmMap(file, page, size, extend, out);

	if (rc == SQLITE_OK && page == 0 && *out)
		gate->shared = (const char *)(uintptr_t)*out;
	return rc;
}

static int gate_unmap(sqlite3_file *file, int delete)
{
	struct gate *gate = gate_of(file);

	if (gate->owing)
		tell(gate);
	gate->shared = NULL;
	return gate->real->xShmUnmap(file, delete);
}

static int gate_close(sqlite3_file *file)
{
	struct gate *gate = gate_of(file);

	file->pMethods = gate->real;
	gate_drop(gate);
	return file->pMethods->xClose(file);
}

struct gate *gate_put(sqlite3 *db, sqlite3_file *file)
{
	const sqlite3_io_methods *real = file->pMethods;
	struct gate *gate;
	size_t size;

	if (!real || real->iVersion < 2 || !real->xShmLock || !real->xShmMap || !real->xShmUnmap || real->xShmLock == gate_lock)
		return NULL;
	gate = gate_allocate();
	if (!gate)
		return NULL;
	/* a table of version 2 ends before xFetch */
	size = real->iVersion == 2 ? offsetof(sqlite3_io_methods, xFetch) : sizeof(*real);
	memcpy(&gate->methods, real, size);
	if (gate->methods.iVersion > 3)
		gate->methods.iVersion = 3;
	gate->methods.xClose = gate_close;
	gate->methods.xShmMap = gate_map;
	gate->methods.xShmLock = gate_lock;
	gate->methods.xShmUnmap = gate_unmap;
	gate->real = real;
	gate->db = db;
	gate->file = file;
	gate->checkpoint_at = USUAL_CHECKPOINT;
	file->pMethods = &gate->methods;
	return gate;
}

uint32_t gate_changes(const struct gate *gate)
{
	return header_get(gate, CHANGE_COUNTER);
}

bool gate_checkpoint_runs(struct gate *gate)
{
	const sqlite3_io_methods *real = gate->real;
	int rc;

	if (!gate->shared || !gate->checkpoint_at || header_get(gate, FRAMES) < gate->checkpoint_at)
		return false;
	rc = real->xShmLock(gate->file, CHECKPOINT_LOCK, 1, SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE);
	if (rc == SQLITE_OK)
		real->xShmLock(gate->file, CHECKPOINT_LOCK, 1, SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE);
	return rc == SQLITE_BUSY;
}

bool gate_wait(struct gate *gate, int64_t since, int64_t until)
{
	int64_t now = queue_now();

	gate->crowded = true;
	gate->seen = now;
	gate->queued = queue_wait(word_of(gate), gate->next ? CLASS_NEXT : class_of(since, now), until);
	return gate->queued;
}
