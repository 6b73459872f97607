/* shm_locks.c - what each lock of the -shm means, and who is told of it. */
#include "locking/shm_locks.h"

#include "locking/file_shim.h"
#include "locking/kept_locks.h"
#include "locking/open_databases.h"
#include "locking/write_lock.h"

/* Of the readers' locks the first; the others follow. */
#define WAL_READ_LOCKS WAL_BACKFILL_LOCK

/* Frames at which SQLite checkpoints by itself, as it is usually built. */
#define SHORT_WAL 1000

static void (*_Atomic read_ended)(const struct file_shim *);

void shm_locks_on_read_end(void (*function)(const struct file_shim *shim))
{
	atomic_store_explicit(&read_ended, function, memory_order_relaxed);
}

/* Would this lock, which the connection has not, be refused? It is given back at once. */
static bool is_refused(struct file_shim *shim, int offset, int kind)
{
	const sqlite3_io_methods *real = shim->original;
	int rc;

	shared_write_enter(shim);
	rc = real->xShmLock(shim->file, offset, 1, SQLITE_SHM_LOCK | kind);
	if (rc == SQLITE_OK)
		real->xShmLock(shim->file, offset, 1, SQLITE_SHM_UNLOCK | kind);
	shared_write_leave(shim);
	return rc == SQLITE_BUSY;
}

bool shm_locks_checkpoint_runs(struct file_shim *shim)
{
	return handoff_checkpoint_is_due(&shim->handoff) && is_refused(shim, WAL_CHECKPOINT_LOCK, SQLITE_SHM_EXCLUSIVE);
}

/* It has the lock of those that read the database alone: while this connection is one of them there is none. */
bool shm_locks_checkpoint_copies(struct file_shim *shim)
{
	return wal_index_is_copied(shim->handoff.shm) && shim->reads_wal && is_refused(shim, WAL_BACKFILL_LOCK, SQLITE_SHM_SHARED);
}

static int lock_backfill(struct file_shim *shim, int flags)
{
	int rc = wal_limit_lock_readers(shim, WAL_BACKFILL_LOCK, 1, flags);

	if (rc != SQLITE_OK || !(flags & SQLITE_SHM_LOCK) || !reset_guard_refuses(&shim->reset_guard, shim->handoff.shm))
		return rc;
	shim->original->xShmLock(shim->file, WAL_BACKFILL_LOCK, 1, SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE);
	return SQLITE_BUSY;
}

/* SQLite does not tell the program of an automatic one that is refused, as where another process checkpoints. */
static int refuse_checkpoint(struct file_shim *shim)
{
	if (shim->handoff.release == WAKE_DEFERRED)
		handoff_pass_on(&shim->handoff);
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
	if (begins && shim->wal_limit.is_needless)
		return refuse_checkpoint(shim);
	rc = wal_limit_lock_checkpoint(shim, flags);
	reset_guard_checkpoint_lock(&shim->reset_guard, shim->handoff.shm, begins && rc == SQLITE_OK);
	if (begins && rc == SQLITE_OK && shim->wal_limit.is_automatic)
		refused_locks_checkpoint_begun(shim);
	else if (!begins && shim->wal_limit.is_automatic)
		refused_locks_checkpoint_ended(shim, shim->wal_limit.began);
	if (!begins || rc != SQLITE_OK)
		wal_limit_checkpoint_ends(shim);
	if (begins && rc != SQLITE_OK)
		handoff_checkpoint_contended(&shim->handoff);
	else if (!begins && shim->handoff.release == WAKE_DEFERRED)
		handoff_pass_on(&shim->handoff);
	return rc;
}

/* If SQLite changes its read lock now, it starts the -wal anew, and its transaction goes on: no read of the program's begins or
 * ends. */
bool shm_locks_is_writing(const struct file_shim *shim)
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

/* Has the connection, which is about to give the write lock back, made the first commit since somebody has looked at them? */
static bool is_commit_of_note(const struct file_shim *shim)
{
	const struct open_database *database = shim->files.database;

	return database && (shim->files.by_recipe || shim->is_attached) &&
	       !atomic_load_explicit(&database->idle.committed, memory_order_relaxed) &&
	       handoff_changes(&shim->handoff) != shim->handoff.changes;
}

static void before_write_unlock(struct file_shim *shim)
{
	void (*writer_ends)(void *) = atomic_load_explicit(&shim->writer_ends, memory_order_relaxed);

	if (writer_ends)
		writer_ends(shim->writer_argument);
	wal_methods_write_unlocked(shim);
	group_commit_write_unlocked(shim);
	wal_limit_write_unlocked(shim);
}

/* To note a commit may take as long as a short transaction: others have the lock meanwhile. */
static int unlock_write(struct file_shim *shim)
{
	bool is_of_note = is_commit_of_note(shim);
	int rc;

	before_write_unlock(shim);
	wal_limit_give_up(shim);
	rc = write_lock_release(shim);
	end_lost_read(shim);
	reset_guard_write_lock(&shim->reset_guard, shim->handoff.shm);
	if (is_of_note)
		idle_wal_note(shim);
	return rc;
}

static int lock_write(struct file_shim *shim)
{
	int rc = shim->reset_guard.checkpoints ? SQLITE_OK : wal_files_before_write(shim);

	file_shim_before_write(shim);
	if (rc != SQLITE_OK)
		return rc;
	wal_limit_give_up(shim);
	read_delay_write_tried(shim);
	rc = write_lock_acquire(shim);
	if (rc == SQLITE_OK) {
		group_commit_write_locked(shim);
		wal_methods_write_locked(shim);
		wal_limit_write_locked(shim);
	}
	reset_guard_write_lock(&shim->reset_guard, shim->handoff.shm);
	return rc;
}

/* With what has to be noted for every read lock that SQLite has. */
static int take_read_lock(struct file_shim *shim, int offset)
{
	int rc = shim->original->xShmLock(shim->file, offset, 1, SQLITE_SHM_LOCK | SQLITE_SHM_SHARED);

	shim->has_read_lock |= rc == SQLITE_OK;
	shim->reads_wal |= rc == SQLITE_OK && offset > WAL_READ_LOCKS;
	if (rc == SQLITE_OK && offset >= WAL_READ_LOCKS)
		group_commit_read_locked(shim, offset);
	return rc;
}

static int lock_read(struct file_shim *shim, int offset)
{
	void (*reader)(void *) = atomic_load_explicit(&shim->reader, memory_order_relaxed);
	int rc;

	reservation_header_read(shim);
	shim->reservation.has_header = false;
	if (shm_locks_is_writing(shim)) {
		rc = take_read_lock(shim, offset);
		shim->changes_read_lock &= rc != SQLITE_OK;
		return rc;
	}
	shim->files.closing = false;
	kept_locks_take(&shim->files);
	holder_seen(&shim->holder);
	if (shim->fair)
		handoff_before_read(&shim->handoff, reservation_gives_way(shim) || write_lock_gives_way(shim));
	if (reader)
		reader(shim->reader_argument);
	wal_limit_read_begins(shim);
	/* SQLite then looks again whether it needs the -wal */
	if (offset > WAL_BACKFILL_LOCK && read_delay_wait(shim))
		return SQLITE_BUSY;
	if (offset >= WAL_READ_LOCKS)
		reservation_before_read(shim);
	/* … or reads the header anew, as it would if it found that changed once it had the lock */
	if (offset > WAL_BACKFILL_LOCK && reservation_reads_anew(shim))
		return SQLITE_BUSY;
	rc = take_read_lock(shim, offset);
	if (rc != SQLITE_OK && offset >= WAL_READ_LOCKS)
		reservation_read_failed(shim);
	shim->snapshot = handoff_changes(&shim->handoff);
	return rc;
}

/* SQLite moves a mark of readers to where it will read, after it has read the header, and then reads under that mark. */
static int lock_mark(struct file_shim *shim, int offset, int flags)
{
	unsigned mark = (unsigned)(offset - WAL_BACKFILL_LOCK);
	bool locks = (flags & SQLITE_SHM_LOCK) != 0;
	int rc;

	if (locks && refused_locks_has_mark(shim, mark))
		return SQLITE_BUSY;
	rc = shim->original->xShmLock(shim->file, offset, 1, flags);
	if (locks && (rc == SQLITE_OK || rc == SQLITE_BUSY))
		refused_locks_tried(shim, mark, rc == SQLITE_OK);
	if (rc == SQLITE_OK && locks)
		reservation_header_read(shim);
	return rc;
}

static int unlock_read(struct file_shim *shim, int offset)
{
	bool returned = offset >= WAL_READ_LOCKS && group_commit_read_unlocked(shim);
	int rc = returned ? SQLITE_OK : shim->original->xShmLock(shim->file, offset, 1, SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED);
	void (*ended)(const struct file_shim *);

	shim->has_read_lock = false;
	shim->reads_wal = false;
	shim->changes_read_lock = shm_locks_is_writing(shim);
	if (shim->changes_read_lock)
		return rc;
	read_delay_read_ended(shim);
	if (offset >= WAL_READ_LOCKS)
		reservation_after_read(shim);
	ended = atomic_load_explicit(&read_ended, memory_order_relaxed);
	if (ended)
		ended(shim);
	return rc;
}

/* SQLite wants to start the -wal anew, and would wait for the disk in this commit. Of a -wal at rest all is copied (idle_copy.h):
 * as long as it is short it goes on, as one that nobody has copied. SQLite takes that for a reader that needs it. */
static bool starts_short_wal_anew(const struct file_shim *shim, int offset, int n, int flags)
{
	const struct open_database *database = shim->files.database;
	uint32_t limit = shim->handoff.checkpoint_at;

	if (offset != WAL_BACKFILL_LOCK + 1 || n != WAL_READ_MARKS - 1 || flags != (SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE) ||
	    !database || !atomic_load_explicit(&database->idle.linked, memory_order_relaxed) || !shm_locks_is_writing(shim))
		return false;
	return wal_index_frames(shim->handoff.shm) < (limit && limit < SHORT_WAL ? limit : SHORT_WAL);
}

/* walTryBeginRead() in src/wal.c: the lock of a mark, to move that, and then the lock by which it reads. */
bool shm_locks_go_on(const struct file_shim *shim, int offset, int n, int flags, int rc)
{
	return rc == SQLITE_OK && offset > WAL_BACKFILL_LOCK && n == 1 && (flags & SQLITE_SHM_EXCLUSIVE) &&
	       !shim->reset_guard.checkpoints && !shm_locks_is_writing(shim);
}

int shm_locks_change(struct file_shim *shim, int offset, int n, int flags)
{
	if (offset == WAL_CHECKPOINT_LOCK && n == 1)
		return lock_checkpoint(shim, flags);
	if (offset == WAL_BACKFILL_LOCK && n == 1 && (flags & SQLITE_SHM_EXCLUSIVE))
		return lock_backfill(shim, flags);
	if (offset == WAL_WRITE_LOCK && n == 1 && (flags & SQLITE_SHM_EXCLUSIVE))
		return flags & SQLITE_SHM_LOCK ? lock_write(shim) : unlock_write(shim);
	if (n == 1 && flags == (SQLITE_SHM_LOCK | SQLITE_SHM_SHARED))
		return lock_read(shim, offset);
	if (n == 1 && flags == (SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED))
		return unlock_read(shim, offset);
	if (offset > WAL_BACKFILL_LOCK && shim->reset_guard.checkpoints)
		return wal_limit_lock_readers(shim, offset, n, flags);
	if (starts_short_wal_anew(shim, offset, n, flags))
		return SQLITE_BUSY;
	if (offset > WAL_BACKFILL_LOCK && n == 1)
		return lock_mark(shim, offset, flags);
	return shim->original->xShmLock(shim->file, offset, n, flags);
}
