/* gate.c - SQLite's file methods, with ours in front. */
#include "gate.h"

#include "turn.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* How many frames SQLite lets the WAL grow to, unless it was told otherwise: sqlite.org/c3ref/wal_autocheckpoint.html. What holds
 * here is learnt. */
#define USUAL_CHECKPOINT 1000

/* In the -shm: eight bytes. */
#define SALT 32

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

/* Another one each time the WAL is started anew. Source: sqlite.org/walformat.html */
static uint64_t salt_of(const struct gate *gate)
{
	uint64_t salt = 0;

	if (gate->shared)
		memcpy(&salt, gate->shared + SALT, sizeof(salt));
	return salt;
}

/* SQLite reads the WAL's header once it has the checkpoint lock, or waits for the write lock as well and reads it then. Up
 * to 3.51.2 a writer could start the WAL anew before the copying began: frames that were never copied counted as copied, and their
 * transactions were lost (sqlite.org/wal.html#walresetbug). With the backfill lock nobody can start it anew any more: what happened
 * until then shows in the salt, and a checkpoint that finds this lock taken is put off. */
static int gate_lock_backfill(struct gate *gate, sqlite3_file *file, int flags)
{
	int rc = gate->real->xShmLock(file, GATE_BACKFILL_LOCK, 1, flags);

	if (rc != SQLITE_OK || !gate->checkpoints || !(flags & SQLITE_SHM_LOCK) || salt_of(gate) == gate->salt)
		return rc;
	gate->real->xShmLock(file, GATE_BACKFILL_LOCK, 1, SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE);
	return SQLITE_BUSY;
}

static int gate_lock_checkpoint(struct gate *gate, sqlite3_file *file, int flags)
{
	bool begins = (flags & SQLITE_SHM_LOCK) != 0;
	int rc;

	if (begins && gate->fair)
		turn_checkpoint_wanted(gate);
	rc = gate->real->xShmLock(file, GATE_CHECKPOINT_LOCK, 1, flags);
	gate->checkpoints = begins && rc == SQLITE_OK;
	if (gate->checkpoints)
		gate->salt = salt_of(gate);
	if (begins && rc != SQLITE_OK)
		turn_checkpoint_refused(gate);
	else if (!begins && gate->owing)
		turn_pass_on(gate);
	return rc;
}

static int lock_in_turn(struct gate *gate, sqlite3_file *file, int n, int flags)
{
	bool begins = (flags & SQLITE_SHM_LOCK) != 0;
	int rc;

	if (begins)
		turn_wanted(gate);
	else
		turn_ends(gate);
	rc = gate->real->xShmLock(file, GATE_WRITE_LOCK, n, flags);
	gate->count.turns += begins && rc == SQLITE_OK;
	if (!begins)
		turn_ended(gate);
	else if (rc == SQLITE_OK)
		turn_taken(gate);
	else if (rc == SQLITE_BUSY)
		gate->refused = true;
	return rc;
}

static int gate_lock_write(struct gate *gate, sqlite3_file *file, int n, int flags)
{
	int rc = gate->fair ? lock_in_turn(gate, file, n, flags) : gate->real->xShmLock(file, GATE_WRITE_LOCK, n, flags);

	if (gate->checkpoints)
		gate->salt = salt_of(gate);
	return rc;
}

static int gate_lock(sqlite3_file *file, int offset, int n, int flags)
{
	struct gate *gate = gate_of(file);
	void (*reader)(void *);

	if (offset == GATE_CHECKPOINT_LOCK && n == 1)
		return gate_lock_checkpoint(gate, file, flags);
	if (offset == GATE_BACKFILL_LOCK && n == 1 && (flags & SQLITE_SHM_EXCLUSIVE))
		return gate_lock_backfill(gate, file, flags);
	if (offset == GATE_WRITE_LOCK && (flags & SQLITE_SHM_EXCLUSIVE))
		return gate_lock_write(gate, file, n, flags);
	if (flags == (SQLITE_SHM_LOCK | SQLITE_SHM_SHARED)) {
		if (gate->fair)
			turn_before_read(gate);
		reader = atomic_load_explicit(&gate->reader, memory_order_relaxed);
		if (reader)
			reader(gate->reader_argument);
	}
	return gate->real->xShmLock(file, offset, n, flags);
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
		turn_pass_on(gate);
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

void gate_forget_reader(struct gate *gate)
{
	atomic_store_explicit(&gate->reader, (void (*)(void *))NULL, memory_order_relaxed);
}

struct gate *gate_put(sqlite3 *db, sqlite3_file *file, bool fair)
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
	gate->fair = fair;
	gate->checkpoint_at = USUAL_CHECKPOINT;
	file->pMethods = &gate->methods;
	return gate;
}
