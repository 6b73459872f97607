/* file_shim.c - SQLite's file methods, with ours in front. */
#include "locking/file_shim.h"

#include "connection/registry.h"
#include "locking/begin_mode.h"
#include "locking/busy_handler.h"
#include "locking/kept_locks.h"
#include "locking/left_wal.h"
#include "locking/write_lock.h"

#include <stdlib.h>
#include <string.h>

/* Of the readers' locks the first; the others follow. */
#define WAL_READ_LOCKS WAL_BACKFILL_LOCK

/* A record of a connection may still refer to a shim whose file is closed: its memory is never given back to the allocator. */
static struct file_shim *unused;
static atomic_flag unused_lock = ATOMIC_FLAG_INIT;

/* All there are. Entries stay for ever; no lock, so that fork() finds none taken. */
static struct file_shim *_Atomic every;

static void (*_Atomic read_ended)(const struct file_shim *);

static struct file_shim *shim_new(void)
{
	struct file_shim *shim = calloc(1, sizeof(*shim));

	if (!shim)
		return NULL;
	holder_link(&shim->holder);
	shim->every = atomic_load(&every);
	while (!atomic_compare_exchange_weak(&every, &shim->every, shim))
		;
	return shim;
}

/* No waiting here: fork() may have left it locked. */
static struct file_shim *shim_allocate(void)
{
	struct file_shim *shim = NULL;

	if (!atomic_flag_test_and_set_explicit(&unused_lock, memory_order_acquire)) {
		shim = unused;
		if (shim)
			unused = shim->unused;
		atomic_flag_clear_explicit(&unused_lock, memory_order_release);
	}
	if (!shim)
		return shim_new();
	memset((char *)shim + offsetof(struct file_shim, original), 0, sizeof(*shim) - offsetof(struct file_shim, original));
	return shim;
}

static void shim_drop(struct file_shim *shim)
{
	shim->closing = NULL;
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

bool file_shim_checkpoint_runs(struct file_shim *shim)
{
	const sqlite3_io_methods *real = shim->original;
	int rc;

	if (!handoff_checkpoint_is_due(&shim->handoff))
		return false;
	shared_write_enter(shim);
	rc = real->xShmLock(shim->file, WAL_CHECKPOINT_LOCK, 1, SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE);
	if (rc == SQLITE_OK)
		real->xShmLock(shim->file, WAL_CHECKPOINT_LOCK, 1, SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE);
	shared_write_leave(shim);
	return rc == SQLITE_BUSY;
}

static int lock_backfill(struct file_shim *shim, int flags)
{
	int rc = wal_limit_lock_readers(shim, WAL_BACKFILL_LOCK, 1, flags);

	if (rc != SQLITE_OK || !(flags & SQLITE_SHM_LOCK) || !reset_guard_refuses(&shim->reset_guard, shim->handoff.shm))
		return rc;
	shim->original->xShmLock(shim->file, WAL_BACKFILL_LOCK, 1, SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE);
	return SQLITE_BUSY;
}

static int lock_checkpoint(struct file_shim *shim, int flags)
{
	bool begins = (flags & SQLITE_SHM_LOCK) != 0;
	int rc;

	if (begins && shim->fair)
		handoff_checkpoint_try(&shim->handoff);
	if (begins)
		wal_limit_checkpoint_begins(shim);
	rc = wal_limit_lock_checkpoint(shim, flags);
	reset_guard_checkpoint_lock(&shim->reset_guard, shim->handoff.shm, begins && rc == SQLITE_OK);
	if (!begins || rc != SQLITE_OK)
		wal_limit_checkpoint_ends(shim);
	if (begins && rc != SQLITE_OK)
		handoff_checkpoint_contended(&shim->handoff);
	else if (!begins && shim->handoff.release == WAKE_DEFERRED)
		handoff_pass_on(&shim->handoff);
	return rc;
}

static void before_write(struct file_shim *shim)
{
	void (*writer)(void *) = atomic_load_explicit(&shim->writer, memory_order_relaxed);

	if (writer)
		writer(shim->writer_argument);
}

/* SQLite has the write lock. If it changes its read lock now, it starts the -wal anew, and its transaction goes on: no read of the
 * program's begins or ends. */
static bool is_writing(const struct file_shim *shim)
{
	return shim->shared_write.hold != WRITE_NONE && shim->reservation.state != RESERVATION_LOCKED;
}

/* The write lock was given back. If SQLite failed to start the -wal anew, it has no read lock to give back any more. */
static void end_lost_read(struct file_shim *shim)
{
	if (shim->changes_read_lock)
		reservation_after_read(shim);
	shim->changes_read_lock = false;
}

static int lock_write(struct file_shim *shim, int flags)
{
	int rc = (flags & SQLITE_SHM_LOCK) && !shim->reset_guard.checkpoints ? wal_files_before_write(shim) : SQLITE_OK;

	if (flags & SQLITE_SHM_LOCK)
		before_write(shim);
	if (rc != SQLITE_OK)
		return rc;
	if (!(flags & SQLITE_SHM_LOCK)) {
		group_commit_write_unlocked(shim);
		wal_limit_write_unlocked(shim);
	}
	wal_limit_give_up(shim);
	rc = flags & SQLITE_SHM_LOCK ? write_lock_acquire(shim) : write_lock_release(shim);
	if (rc == SQLITE_OK && (flags & SQLITE_SHM_LOCK)) {
		group_commit_write_locked(shim);
		wal_limit_write_locked(shim);
	}
	if (!(flags & SQLITE_SHM_LOCK))
		end_lost_read(shim);
	reset_guard_write_lock(&shim->reset_guard, shim->handoff.shm);
	return rc;
}

/* With what has to be noted for every read lock that SQLite has. */
static int take_read_lock(struct file_shim *shim, int offset)
{
	int rc = shim->original->xShmLock(shim->file, offset, 1, SQLITE_SHM_LOCK | SQLITE_SHM_SHARED);

	shim->has_read_lock |= rc == SQLITE_OK;
	if (rc == SQLITE_OK && offset >= WAL_READ_LOCKS)
		group_commit_read_locked(shim, offset);
	return rc;
}

static int lock_read(struct file_shim *shim, int offset)
{
	void (*reader)(void *) = atomic_load_explicit(&shim->reader, memory_order_relaxed);
	int rc;

	if (is_writing(shim)) {
		rc = take_read_lock(shim, offset);
		shim->changes_read_lock &= rc != SQLITE_OK;
		return rc;
	}
	shim->files.closing = false;
	kept_locks_take(&shim->files);
	holder_seen(&shim->holder);
	if (shim->fair)
		handoff_before_read(&shim->handoff);
	if (reader)
		reader(shim->reader_argument);
	wal_limit_read_begins(shim);
	/* SQLite then looks again whether it needs the -wal */
	if (offset > WAL_BACKFILL_LOCK && wal_limit_delays_read(shim))
		return SQLITE_BUSY;
	if (offset >= WAL_READ_LOCKS)
		reservation_before_read(shim);
	rc = take_read_lock(shim, offset);
	if (rc != SQLITE_OK && offset >= WAL_READ_LOCKS)
		reservation_read_failed(shim);
	shim->snapshot = handoff_changes(&shim->handoff);
	return rc;
}

static int unlock_read(struct file_shim *shim, int offset)
{
	bool returned = offset >= WAL_READ_LOCKS && group_commit_read_unlocked(shim);
	int rc = returned ? SQLITE_OK : shim->original->xShmLock(shim->file, offset, 1, SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED);
	void (*ended)(const struct file_shim *);

	shim->has_read_lock = false;
	shim->changes_read_lock = is_writing(shim);
	if (shim->changes_read_lock)
		return rc;
	if (offset >= WAL_READ_LOCKS)
		reservation_after_read(shim);
	ended = atomic_load_explicit(&read_ended, memory_order_relaxed);
	if (ended)
		ended(shim);
	return rc;
}

static int lock_shm(struct file_shim *shim, int offset, int n, int flags)
{
	if (offset == WAL_CHECKPOINT_LOCK && n == 1)
		return lock_checkpoint(shim, flags);
	if (offset == WAL_BACKFILL_LOCK && n == 1 && (flags & SQLITE_SHM_EXCLUSIVE))
		return lock_backfill(shim, flags);
	if (offset == WAL_WRITE_LOCK && n == 1 && (flags & SQLITE_SHM_EXCLUSIVE))
		return lock_write(shim, flags);
	if (n == 1 && flags == (SQLITE_SHM_LOCK | SQLITE_SHM_SHARED))
		return lock_read(shim, offset);
	if (n == 1 && flags == (SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED))
		return unlock_read(shim, offset);
	if (offset > WAL_BACKFILL_LOCK && shim->reset_guard.checkpoints)
		return wal_limit_lock_readers(shim, offset, n, flags);
	return shim->original->xShmLock(shim->file, offset, n, flags);
}

static int shim_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
	struct file_shim *shim = shim_of(file);
	int rc;

	shared_write_enter(shim);
	rc = lock_shm(shim, offset, n, flags);
	shared_write_leave(shim);
	return rc;
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

	if (other->in_two_copies && !other->closing && other->inode == connection->inode && other->device == connection->device &&
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
	if (page == 0)
		left_wal_before_map(shim);
	rc = shim->original->xShmMap(file, page, size, extend, out);
	if (rc == SQLITE_OK && page == 0 && *out) {
		if (!shim->handoff.shm)
			wal_files_mapped(shim);
		shim->handoff.shm = (const char *)(uintptr_t)*out;
	}
	return rc;
}

static int shim_lock(sqlite3_file *file, int level)
{
	struct file_shim *shim = shim_of(file);
	bool kept;
	int rc;

	/* without WAL, RESERVED is the write lock */
	if (level == SQLITE_LOCK_RESERVED)
		before_write(shim);
	kept = level == SQLITE_LOCK_EXCLUSIVE && kept_locks_drop(&shim->files, true);
	rc = shim->original->xLock(file, level);
	if (kept && rc != SQLITE_OK)
		kept_locks_take(&shim->files);
	if (rc == SQLITE_OK && !shim->files.looked && level == SQLITE_LOCK_SHARED)
		left_wal_look(shim, file);
	return rc;
}

static int shim_file_control(sqlite3_file *file, int operation, void *argument)
{
	struct file_shim *shim = shim_of(file);
	void (*pragma)(void *) = atomic_load_explicit(&shim->pragma, memory_order_relaxed);
	int rc = SQLITE_OK;

	if (operation == SQLITE_FCNTL_PRAGMA && pragma)
		pragma(shim->reader_argument);
	if (operation == SQLITE_FCNTL_COMMIT_PHASETWO) {
		shared_write_enter(shim);
		rc = group_commit_wait(shim);
		shared_write_leave(shim);
	}
	return rc == SQLITE_OK ? wal_files_control(shim, file, operation, argument) : rc;
}

static int shim_shm_unmap(sqlite3_file *file, int delete)
{
	struct file_shim *shim = shim_of(file);
	int rc;

	shared_write_enter(shim);
	if (shim->handoff.release == WAKE_DEFERRED)
		handoff_pass_on(&shim->handoff);
	reservation_unclaim(shim);
	shared_write_forget(shim);
	group_commit_forget(shim);
	/* no lock of the -shm outlasts this */
	shim->handoff.shm = NULL;
	shim->reservation.state = RESERVATION_NONE;
	shim->reservation.is_reading = shim->reservation.is_pending = shim->reservation.is_retried = false;
	holder_set(&shim->holder, NULL, 0);
	kept_locks_drop(&shim->files, false);
	shim->files.kept = false;
	shim->files.shm_fd = -1;
	shim->files.wal = shim->files.shm = 0;
	rc = shim->original->xShmUnmap(file, delete);
	shared_write_leave(shim);
	atomic_store(&shim->maps, false);
	return rc;
}

static int shim_close(sqlite3_file *file)
{
	struct file_shim *shim = shim_of(file);
	void (*closed)(void *) = atomic_load_explicit(&shim->closed, memory_order_relaxed);
	void *argument = shim->reader_argument;
	int rc;

	idle_lock_take(shim, &shim->idle_lock);
	file->pMethods = shim->original;
	busy_handler_give_back(shim);
	shim->closing = shim->db;
	shim->db = NULL;
	shim->handoff.shm = NULL;
	holder_set(&shim->holder, NULL, 0);
	shim->files.inode = 0;
	rc = file->pMethods->xClose(file);
	if (closed)
		closed(argument);
	shim_drop(shim);
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

void file_shim_each(void (*see)(struct file_shim *shim, void *argument), void *argument)
{
	for (struct file_shim *shim = atomic_load(&every); shim; shim = shim->every)
		see(shim, argument);
}

void file_shim_on_read_end(void (*function)(const struct file_shim *shim))
{
	atomic_store_explicit(&read_ended, function, memory_order_relaxed);
}

void file_shim_forget_reader(struct file_shim *shim)
{
	atomic_store_explicit(&shim->reader, (void (*)(void *))NULL, memory_order_relaxed);
	atomic_store_explicit(&shim->writer, (void (*)(void *))NULL, memory_order_relaxed);
	atomic_store_explicit(&shim->closed, (void (*)(void *))NULL, memory_order_relaxed);
	atomic_store_explicit(&shim->pragma, (void (*)(void *))NULL, memory_order_relaxed);
}

struct file_shim *file_shim_install(const struct connection *connection, bool fair)
{
	sqlite3_file *file = connection->file;
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
	shim->db = connection->db;
	shim->sqlite = connection->sqlite;
	shim->file = file;
	shim->fair = fair;
	holder_start(&shim->holder);
	idle_lock_start(&shim->idle_lock, sqlite_has_mutexes(connection->sqlite));
	shim->begin_mode = begin_mode_find(connection->path);
	handoff_init(&shim->handoff, fair ? &handoff_kernel : &handoff_unfair);
	file->pMethods = &shim->methods;
	return shim;
}
