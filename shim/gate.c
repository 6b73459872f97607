/* gate.c - SQLite's file methods, with ours in front. */
#include "gate.h"

#include "queue.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Locks of the -shm, as SQLite numbers them: sqlite.org/walformat.html */
#define WRITE_LOCK 0
#define LOCK_BYTES 120

#define MICROSECOND INT64_C(1000)
#define MILLISECOND (1000 * MICROSECOND)

/* How long one connection may take the lock again and again while others wait. Handing over costs two context switches and a cold
 * page cache, some 100 us. */
#define TURN MILLISECOND
/* Who is back within this time was in a loop, and will most likely be again. */
#define AT_ONCE (200 * MICROSECOND)
/* How long the one who was woken is waited for. It needs 50 us if a processor is free. */
#define POLITE (500 * MICROSECOND)
/* How long after the last sight of others each class is looked for in turn, instead of all at once. */
#define CROWD (1000 * MILLISECOND)

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
			unused = gate->next;
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
	gate->next = unused;
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

static bool wake_oldest(struct gate *gate, int64_t now)
{
	if (gate->crowded && now - gate->seen > CROWD)
		gate->crowded = false;
	if (!gate->crowded) {
		if (!queue_wake(word_of(gate), QUEUE_ALL))
			return false;
	} else {
		int class = QUEUE_CLASSES - 1;
		while (class >= 0 && !queue_wake(word_of(gate), QUEUE_CLASS(class)))
			class --;
		if (class < 0)
			return false;
	}
	gate->crowded = true;
	gate->seen = now;
	return true;
}

static void taken(struct gate *gate)
{
	int64_t now = queue_now();

	if (!gate->silent || !gate->comes_back)
		gate->began = now;
	gate->refused = false;
	gate->passed = true;
	if (gate->queued && gate->shared)
		queue_wake(word_of(gate), QUEUE_COURTESY);
	gate->queued = false;
}

static void given_back(struct gate *gate)
{
	int64_t now = queue_now();

	gate->left = now;
	gate->silent = gate->comes_back && now - gate->began < TURN;
	if (!gate->silent && gate->shared && wake_oldest(gate, now))
		gate->polite = now + POLITE;
}

/* A transaction begins right after we woke somebody: let that one go first. The connection holds no lock here, and readers lose no
 * more than the one has to wait to be scheduled. */
static void be_polite(struct gate *gate)
{
	int64_t now = queue_now(), until = gate->polite;

	gate->polite = 0;
	if (!gate->shared || now - gate->left > AT_ONCE || now >= until)
		return;
	queue_wait(word_of(gate), QUEUE_COURTESY, until);
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
	int rc;

	if (offset != WRITE_LOCK || !(flags & SQLITE_SHM_EXCLUSIVE)) {
		if (flags == (SQLITE_SHM_LOCK | SQLITE_SHM_SHARED)) {
			gate->refused = false;
			if (gate->polite)
				be_polite(gate);
		}
		return gate->real->xShmLock(file, offset, n, flags);
	}
	if (flags & SQLITE_SHM_LOCK)
		wanted(gate);
	rc = gate->real->xShmLock(file, offset, n, flags);
	if (flags & SQLITE_SHM_UNLOCK)
		given_back(gate);
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
	file->pMethods = &gate->methods;
	return gate;
}

bool gate_wait(struct gate *gate, int64_t age, int64_t until)
{
	int class = 0;

	if (!gate->shared)
		return false;
	while (class < QUEUE_CLASSES - 1 && age >= (INT64_C(4) * MILLISECOND) << (2 * class))
		class ++;
	gate->crowded = true;
	gate->seen = queue_now();
	gate->queued = queue_wait(word_of(gate), QUEUE_CLASS(class), until);
	return true;
}
