/* file_shim.c - SQLite's file methods, with ours in front. */
#include "locking/file_shim.h"

#include "connection/registry.h"
#include "locking/begin_mode.h"
#include "locking/busy_handler.h"
#include "locking/file_locks.h"
#include "locking/last_close.h"
#include "locking/leave_wal.h"
#include "locking/left_wal.h"
#include "locking/page_cache.h"
#include "locking/shm_locks.h"
#include "locking/wal_index.h"
#include "sqlite/io_methods.h"
#include "sqlite/unix_file.h"

#include <stdlib.h>
#include <string.h>

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

void file_shim_before_write(struct file_shim *shim)
{
	void (*writer)(void *) = atomic_load_explicit(&shim->writer, memory_order_relaxed);

	if (writer)
		writer(shim->writer_argument);
}

static int shim_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
	struct file_shim *shim = file_shim_of(file);
	int rc;

	shared_write_enter(shim);
	rc = shm_locks_change(shim, offset, n, flags);
	if (shm_locks_go_on(shim, offset, n, flags, rc))
		shared_write_go_on(shim);
	else
		shared_write_leave(shim);
	if (rc == SQLITE_OK && offset <= WAL_CHECKPOINT_LOCK && WAL_CHECKPOINT_LOCK < offset + n)
		shim->checkpoints = (flags & SQLITE_SHM_LOCK) != 0;
	return rc;
}

/* Two copies of SQLite in one process do not see each other's locks. The second one would take the -shm for one that nobody uses,
 * and cut it under the mapping of the first: SIGBUS. So only one at a time maps it; the other waits as for a -shm that is being
 * made. */
struct rival {
	const struct connection *connection;
	bool maps;
};

static bool look_at_rival(struct connection *other, void *argument)
{
	struct rival *rival = argument;
	const struct connection *connection = rival->connection;

	if (other->in_two_copies && !other->closing && other->device == connection->device &&
	    !sqlite_is_same(other->sqlite, connection->sqlite) && file_shim_serves(other))
		rival->maps |= other->shim->maps;
	return !rival->maps;
}

static bool may_map(struct file_shim *shim)
{
	struct rival rival = {.connection = registry_find(shim->db)};

	atomic_store(&shim->maps, true);
	if (!rival.connection || !rival.connection->in_two_copies)
		return true;
	registry_visit_peers(PEERS_BY_INODE, rival.connection->inode, look_at_rival, &rival);
	if (rival.maps)
		atomic_store(&shim->maps, false);
	return !rival.maps;
}

static void mapped(struct file_shim *shim, void volatile *page)
{
	if (!shim->handoff.shm)
		wal_files_mapped(shim);
	shim->handoff.shm = (const char *)(uintptr_t)page;
}

static int shim_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
	struct file_shim *shim = file_shim_of(file);
	int rc;

	if (!shim->maps && !may_map(shim)) {
		*out = NULL;
		return SQLITE_BUSY;
	}
	if (page == 0)
		left_wal_before_map(shim);
	rc = shim->original->xShmMap(file, page, size, extend, out);
	if (page == 0)
		shim->shm_is_read_only = (rc & 0xff) == SQLITE_READONLY;
	if (rc == SQLITE_OK && page == 0 && *out)
		mapped(shim, *out);
	return rc;
}

/* The arguments are SQLite's: sqlite.org/c3ref/c_fcntl_begin_atomic_write.html#sqlitefcntlpragma */
static bool is_answered(struct file_shim *shim, char **arguments)
{
	const char *(*pragma)(void *, const char *, char *) = atomic_load_explicit(&shim->pragma, memory_order_relaxed);
	const char *answer = pragma ? pragma(shim->reader_argument, arguments[1], arguments[2]) : NULL;
	char *copy = answer ? shim->sqlite->malloc((int)strlen(answer) + 1) : NULL;

	if (copy)
		arguments[0] = strcpy(copy, answer);
	return copy;
}

static int shim_file_control(sqlite3_file *file, int operation, void *argument)
{
	struct file_shim *shim = file_shim_of(file);
	int rc = SQLITE_OK;

	if (operation == SQLITE_FCNTL_PRAGMA && is_answered(shim, argument))
		return SQLITE_OK;
	if (operation == SQLITE_FCNTL_COMMIT_PHASETWO) {
		leave_wal_end(shim);
		shared_write_enter(shim);
		rc = group_commit_wait(shim);
		shared_write_leave(shim);
	}
	return rc == SQLITE_OK ? last_close_control(shim, file, operation, argument) : rc;
}

/* SQLite's own takes and gives back a mutex of all connections besides, "for redundancy" (src/os_unix.c). */
static void shim_shm_barrier(sqlite3_file *file)
{
	(void)file;
	__sync_synchronize();
}

static int shim_shm_unmap(sqlite3_file *file, int delete)
{
	struct file_shim *shim = file_shim_of(file);
	int rc;

	shared_write_enter(shim);
	if (shim->handoff.release == WAKE_DEFERRED)
		handoff_pass_on(&shim->handoff);
	reservation_unclaim(shim);
	shared_write_forget(shim);
	site_memory_forget(shim);
	wal_methods_forget(shim);
	/* no lock of the -shm outlasts this */
	shim->handoff.shm = NULL;
	shim->reservation.state = RESERVATION_NONE;
	shim->reservation.is_reading = shim->reservation.is_pending = shim->reservation.is_retried = false;
	shim->reservation.is_ahead = false;
	holder_set(&shim->holder, NULL, 0);
	wal_files_unmapping(shim);
	rc = shim->original->xShmUnmap(file, delete);
	page_cache_forget(shim);
	if (delete)
		leave_wal_begin(shim);
	shared_write_leave(shim);
	atomic_store(&shim->maps, false);
	return rc;
}

static int shim_close(sqlite3_file *file)
{
	struct file_shim *shim = file_shim_of(file);
	void (*closed)(void *) = atomic_load_explicit(&shim->closed, memory_order_relaxed);
	void *argument = shim->reader_argument;
	int rc;

	idle_lock_take(shim, &shim->idle_lock);
	file->pMethods = shim->original;
	busy_handler_give_back(shim);
	journal_turn_end(shim);
	shim->closing = shim->db;
	shim->db = NULL;
	shim->handoff.shm = NULL;
	holder_set(&shim->holder, NULL, 0);
	wal_files_closing(&shim->files);
	rc = file->pMethods->xClose(file);
	file_locks_closed(shim);
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

void file_shim_forget_reader(struct file_shim *shim)
{
	atomic_store_explicit(&shim->reader, (void (*)(void *))NULL, memory_order_relaxed);
	atomic_store_explicit(&shim->writer, (void (*)(void *))NULL, memory_order_relaxed);
	atomic_store_explicit(&shim->writer_ends, (void (*)(void *))NULL, memory_order_relaxed);
	atomic_store_explicit(&shim->closed, (void (*)(void *))NULL, memory_order_relaxed);
	atomic_store_explicit(&shim->pragma, (const char *(*)(void *, const char *, char *))NULL, memory_order_relaxed);
}

/* SQLite keeps what it has mapped: this maps nothing. */
void volatile *file_shim_map_of(sqlite3_file *file, const sqlite3_io_methods *original, const char *path)
{
	void volatile *page = NULL;

	return unix_file_maps_shm(file, path) && original->xShmMap(file, 0, WAL_INDEX_PAGE, 0, &page) == SQLITE_OK ? page : NULL;
}

void file_shim_find_map(struct file_shim *shim)
{
	void volatile *page = shim->files.path ? file_shim_map_of(shim->file, shim->original, shim->files.path) : NULL;

	if (!page)
		return;
	atomic_store(&shim->maps, true);
	mapped(shim, page);
}

struct file_shim *file_shim_find(const sqlite3_file *file)
{
	const sqlite3_io_methods *methods = file->pMethods;

	return methods && methods->iVersion >= 2 && methods->xShmLock == shim_shm_lock ? (struct file_shim *)(uintptr_t)methods
										       : NULL;
}

const char *file_shim_path(const struct file_shim *shim)
{
	const struct connection *connection = registry_find(shim->db);

	if (shim->is_attached)
		return shim->files.path ? shim->files.path : "";
	return connection && connection->path ? connection->path : "";
}

struct file_shim *file_shim_install(const struct connection *connection, sqlite3_file *file, const char *path, bool fair)
{
	const sqlite3_io_methods *real = file->pMethods;
	struct file_shim *shim;

	if (!real || real->iVersion < 2 || !real->xShmLock || !real->xShmMap || !real->xShmUnmap || real->xShmLock == shim_shm_lock)
		return NULL;
	shim = shim_allocate();
	if (!shim)
		return NULL;
	io_methods_copy(&shim->methods, real);
	shim->methods.xClose = shim_close;
	shim->methods.xFileControl = shim_file_control;
	shim->methods.xLock = file_locks_lock;
	shim->methods.xUnlock = file_locks_unlock;
	shim->methods.xShmMap = shim_shm_map;
	shim->methods.xShmLock = shim_shm_lock;
	shim->methods.xShmBarrier = shim_shm_barrier;
	shim->methods.xShmUnmap = shim_shm_unmap;
	shim->original = real;
	shim->db = connection->db;
	shim->sqlite = connection->sqlite;
	shim->file = file;
	shim->fair = fair;
	holder_start(&shim->holder);
	idle_lock_start(&shim->idle_lock, sqlite_has_mutexes(connection->sqlite));
	shim->begin_mode = begin_mode_find(path);
	handoff_init(&shim->handoff, fair ? &handoff_kernel : &handoff_unfair);
	read_sites_prepare();
	file->pMethods = &shim->methods;
	return shim;
}
