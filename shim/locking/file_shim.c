/* file_shim.c - SQLite's file methods, with ours in front. */
#include "locking/file_shim.h"

#include "connection/registry.h"
#include "locking/busy_handler.h"
#include "locking/left_wal.h"
#include "locking/lock_handoff.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* How many frames SQLite lets the WAL grow to, unless it was told otherwise: sqlite.org/c3ref/wal_autocheckpoint.html. What holds
 * here is learnt. */
#define USUAL_CHECKPOINT 1000

/* In the -shm: eight bytes. */
#define SALT 32

/* A record of a connection may still refer to a shim whose file is closed: its memory is never given back to the allocator. */
static struct file_shim *unused;
static atomic_flag unused_lock = ATOMIC_FLAG_INIT;

/* All there are. Entries stay for ever; no lock, so that fork() finds none taken. */
static struct file_shim *_Atomic every;

static struct file_shim *shim_new(void)
{
	struct file_shim *shim = calloc(1, sizeof(*shim));

	if (!shim)
		return NULL;
	shim->every = atomic_load(&every);
	while (!atomic_compare_exchange_weak(&every, &shim->every, shim))
		;
	return shim;
}

/* No waiting here: fork() may have left it locked. */
static struct file_shim *shim_allocate(void)
{
	struct file_shim *shim = NULL, *next;

	if (!atomic_flag_test_and_set_explicit(&unused_lock, memory_order_acquire)) {
		shim = unused;
		if (shim)
			unused = shim->unused;
		atomic_flag_clear_explicit(&unused_lock, memory_order_release);
	}
	if (!shim)
		return shim_new();
	next = shim->every;
	memset(shim, 0, sizeof(*shim));
	shim->every = next;
	return shim;
}

static void shim_drop(struct file_shim *shim)
{
	shim->db = NULL;
	shim->shm = NULL;
	shim->files.inode = 0;
	if (atomic_flag_test_and_set_explicit(&unused_lock, memory_order_acquire))
		return;
	shim->unused = unused;
	unused = shim;
	atomic_flag_clear_explicit(&unused_lock, memory_order_release);
}

static struct file_shim *shim_of(sqlite3_file *file)
{
	return (struct file_shim *)(uintptr_t)file->pMethods;
}

/* Another one each time the WAL is started anew. Source: sqlite.org/walformat.html */
static uint64_t salt_of(const struct file_shim *shim)
{
	uint64_t salt = 0;

	if (shim->shm)
		memcpy(&salt, shim->shm + SALT, sizeof(salt));
	return salt;
}

/* SQLite reads the WAL's header once it has the checkpoint lock, or waits for the write lock as well and reads it then. Up
 * to 3.51.2 a writer could start the WAL anew before the copying began: frames that were never copied counted as copied, and their
 * transactions were lost (sqlite.org/wal.html#walresetbug). With the backfill lock nobody can start it anew any more: what happened
 * until then shows in the salt, and a checkpoint that finds this lock taken is put off. */
static int lock_backfill(struct file_shim *shim, sqlite3_file *file, int flags)
{
	int rc = shim->original->xShmLock(file, WAL_BACKFILL_LOCK, 1, flags);

	if (rc != SQLITE_OK || !shim->has_checkpoint_lock || !(flags & SQLITE_SHM_LOCK) || salt_of(shim) == shim->salt)
		return rc;
	shim->original->xShmLock(file, WAL_BACKFILL_LOCK, 1, SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE);
	return SQLITE_BUSY;
}

static int lock_checkpoint(struct file_shim *shim, sqlite3_file *file, int flags)
{
	bool begins = (flags & SQLITE_SHM_LOCK) != 0;
	int rc;

	if (begins && shim->fair)
		handoff_checkpoint_try(shim);
	rc = shim->original->xShmLock(file, WAL_CHECKPOINT_LOCK, 1, flags);
	shim->has_checkpoint_lock = begins && rc == SQLITE_OK;
	if (shim->has_checkpoint_lock)
		shim->salt = salt_of(shim);
	if (begins && rc != SQLITE_OK)
		handoff_checkpoint_contended(shim);
	else if (!begins && shim->wake_deferred)
		handoff_pass_on(shim);
	return rc;
}

static int lock_write_fairly(struct file_shim *shim, sqlite3_file *file, int n, int flags)
{
	bool begins = (flags & SQLITE_SHM_LOCK) != 0;
	int rc;

	if (begins)
		handoff_try(shim);
	else
		handoff_releasing(shim);
	rc = shim->original->xShmLock(file, WAL_WRITE_LOCK, n, flags);
	shim->count.write_locks += begins && rc == SQLITE_OK;
	if (!begins)
		handoff_released(shim);
	else if (rc == SQLITE_OK)
		handoff_acquired(shim);
	else if (rc == SQLITE_BUSY)
		shim->contended = true;
	return rc;
}

static void before_write(struct file_shim *shim)
{
	void (*writer)(void *) = atomic_load_explicit(&shim->writer, memory_order_relaxed);

	if (writer)
		writer(shim->writer_argument);
}

static int lock_write(struct file_shim *shim, sqlite3_file *file, int n, int flags)
{
	int rc = (flags & SQLITE_SHM_LOCK) && !shim->has_checkpoint_lock ? wal_files_before_write(shim) : SQLITE_OK;

	if (flags & SQLITE_SHM_LOCK)
		before_write(shim);

	if (rc != SQLITE_OK)
		return rc;
	rc = shim->fair ? lock_write_fairly(shim, file, n, flags) : shim->original->xShmLock(file, WAL_WRITE_LOCK, n, flags);
	if (shim->has_checkpoint_lock)
		shim->salt = salt_of(shim);
	return rc;
}

static int shim_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
	struct file_shim *shim = shim_of(file);
	void (*reader)(void *);

	if (offset == WAL_CHECKPOINT_LOCK && n == 1)
		return lock_checkpoint(shim, file, flags);
	if (offset == WAL_BACKFILL_LOCK && n == 1 && (flags & SQLITE_SHM_EXCLUSIVE))
		return lock_backfill(shim, file, flags);
	if (offset == WAL_WRITE_LOCK && (flags & SQLITE_SHM_EXCLUSIVE))
		return lock_write(shim, file, n, flags);
	if (flags == (SQLITE_SHM_LOCK | SQLITE_SHM_SHARED)) {
		shim->files.closing = false;
		if (shim->fair)
			handoff_before_read(shim);
		reader = atomic_load_explicit(&shim->reader, memory_order_relaxed);
		if (reader)
			reader(shim->reader_argument);
	}
	return shim->original->xShmLock(file, offset, n, flags);
}

/* Two copies of SQLite in one process do not see each other's locks. The second one would take the -shm for one that nobody uses,
 * and cut it under the mapping of the first: SIGBUS. So only one at a time maps it; the other waits as for a -shm that is being
 * made. */
struct rival {
	const struct connection *connection;
	bool maps;
};

static void look_at_rival(struct connection *other, void *argument)
{
	struct rival *rival = argument;
	const struct connection *connection = rival->connection;

	if (other->in_two_copies && other->inode == connection->inode && other->device == connection->device &&
	    !sqlite_is_same(other->sqlite, connection->sqlite) && other->shim && other->shim->db == other->db)
		rival->maps |= other->shim->maps;
}

static bool may_map(struct file_shim *shim)
{
	struct rival rival = {.connection = registry_find(shim->db)};

	atomic_store(&shim->maps, true);
	if (!rival.connection || !rival.connection->in_two_copies)
		return true;
	registry_visit(look_at_rival, &rival);
	if (rival.maps)
		atomic_store(&shim->maps, false);
	return !rival.maps;
}

static int shim_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
	struct file_shim *shim = shim_of(file);
	int rc;

	if (!shim->maps && !may_map(shim)) {
		*out = NULL;
		return SQLITE_BUSY;
	}
	rc = shim->original->xShmMap(file, page, size, extend, out);
	if (rc == SQLITE_OK && page == 0 && *out) {
		if (!shim->shm)
			wal_files_mapped(shim);
		shim->shm = (const char *)(uintptr_t)*out;
	}
	return rc;
}

static int shim_lock(sqlite3_file *file, int level)
{
	struct file_shim *shim = shim_of(file);
	int rc;

	/* without WAL, RESERVED is the write lock */
	if (level == SQLITE_LOCK_RESERVED)
		before_write(shim);
	rc = shim->original->xLock(file, level);
	if (rc == SQLITE_OK && !shim->files.looked && level == SQLITE_LOCK_SHARED)
		left_wal_look(shim, file);
	return rc;
}

static int shim_file_control(sqlite3_file *file, int operation, void *argument)
{
	return wal_files_control(shim_of(file), file, operation, argument);
}

static int shim_shm_unmap(sqlite3_file *file, int delete)
{
	struct file_shim *shim = shim_of(file);
	int rc;

	if (shim->wake_deferred)
		handoff_pass_on(shim);
	shim->shm = NULL;
	shim->files.shm_fd = -1;
	rc = shim->original->xShmUnmap(file, delete);
	atomic_store(&shim->maps, false);
	return rc;
}

static int shim_close(sqlite3_file *file)
{
	struct file_shim *shim = shim_of(file);
	void (*closed)(void *) = atomic_load_explicit(&shim->closed, memory_order_relaxed);
	void *argument = shim->reader_argument;
	int rc;

	file->pMethods = shim->original;
	busy_handler_give_back(shim);
	shim_drop(shim);
	rc = file->pMethods->xClose(file);
	if (closed)
		closed(argument);
	return rc;
}

bool wal_files_each(bool (*see)(struct file_shim *shim, void *argument), void *argument)
{
	for (struct file_shim *shim = atomic_load(&every); shim; shim = shim->every)
		if (shim->files.inode && !see(shim, argument))
			return false;
	return true;
}

bool wal_files_any(void)
{
	return atomic_load_explicit(&every, memory_order_relaxed) != NULL;
}

void file_shim_forget_reader(struct file_shim *shim)
{
	atomic_store_explicit(&shim->reader, (void (*)(void *))NULL, memory_order_relaxed);
	atomic_store_explicit(&shim->writer, (void (*)(void *))NULL, memory_order_relaxed);
	atomic_store_explicit(&shim->closed, (void (*)(void *))NULL, memory_order_relaxed);
}

struct file_shim *file_shim_install(sqlite3 *db, sqlite3_file *file, bool fair)
{
	const sqlite3_io_methods *real = file->pMethods;
	struct file_shim *shim;
	size_t size;

	if (!real || real->iVersion < 2 || !real->xShmLock || !real->xShmMap || !real->xShmUnmap || real->xShmLock == shim_shm_lock)
		return NULL;
	shim = shim_allocate();
	if (!shim)
		return NULL;
	/* a table of version 2 ends before xFetch */
	size = real->iVersion == 2 ? offsetof(sqlite3_io_methods, xFetch) : sizeof(*real);
	memcpy(&shim->methods, real, size);
	if (shim->methods.iVersion > 3)
		shim->methods.iVersion = 3;
	shim->methods.xClose = shim_close;
	shim->methods.xFileControl = shim_file_control;
	shim->methods.xLock = shim_lock;
	shim->methods.xShmMap = shim_shm_map;
	shim->methods.xShmLock = shim_shm_lock;
	shim->methods.xShmUnmap = shim_shm_unmap;
	shim->original = real;
	shim->db = db;
	shim->file = file;
	shim->fair = fair;
	shim->checkpoint_at = USUAL_CHECKPOINT;
	file->pMethods = &shim->methods;
	return shim;
}
