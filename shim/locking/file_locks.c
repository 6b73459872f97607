/* file_locks.c - what comes before and after a change of the database file's own lock. */
#include "locking/file_locks.h"

#include "locking/busy_handler.h"
#include "locking/file_shim.h"
#include "locking/inherited_files.h"
#include "locking/kept_locks.h"
#include "locking/left_wal.h"
#include "locking/open_databases.h"
#include "locking/plain_begin.h"
#include "locking/write_lock.h"

/* Without WAL: a BEGIN that the library made immediate does not fail where the program's own would have asked for no lock. It waits
 * as the connection waits. Returns the code for SQLite. */
static int lock_tried(struct file_shim *shim, int level, int rc)
{
	bool under_cursor, is_plain = shim->begin_is_plain;

	shim->refused = rc == SQLITE_BUSY ? level : SQLITE_LOCK_NONE;
	if (!file_shim_is_refused(shim) || !shim->may_make_plain || !plain_begin_runs(shim, &under_cursor))
		return rc;
	shim->begin_is_plain = false;
	return is_plain || under_cursor || busy_handler_kind(shim) == BUSY_FAILS ? plain_begin_make(shim) : SQLITE_BUSY;
}

/* Whoever wants the file alone is about to close it, or to leave WAL mode: a handle of ours would be in the way (idle_copy.h). */
static void exclude_copies(struct file_shim *shim)
{
	struct open_database *database = shim->files.database;

	if (shim->excludes || !database || !atomic_load_explicit(&database->idle.linked, memory_order_relaxed))
		return;
	shim->excludes = &database->idle;
	idle_wal_exclude_file(shim->excludes);
}

static void allow_copies(struct file_shim *shim)
{
	if (shim->excludes)
		idle_wal_allow_file(shim->excludes);
	shim->excludes = NULL;
}

int file_locks_lock(sqlite3_file *file, int level)
{
	struct file_shim *shim = file_shim_of(file);
	bool kept;
	int rc;

	if (level == SQLITE_LOCK_EXCLUSIVE)
		exclude_copies(shim);
	if (level == SQLITE_LOCK_SHARED) {
		holder_seen(&shim->holder);
		rc = inherited_files_lock(shim);
		if (rc != SQLITE_OK)
			return rc;
		journal_turn_wait(shim);
	}
	/* without WAL, RESERVED is the write lock */
	if (level == SQLITE_LOCK_RESERVED)
		file_shim_before_write(shim);
	kept = level == SQLITE_LOCK_EXCLUSIVE && kept_locks_drop(&shim->files);
	rc = level == SQLITE_LOCK_RESERVED ? write_lock_reserve(shim) : shim->original->xLock(file, level);
	shim->journal_write.met_readers |= rc == SQLITE_BUSY && level == SQLITE_LOCK_EXCLUSIVE;
	if (kept && rc != SQLITE_OK)
		kept_locks_take_own(&shim->files);
	if (rc == SQLITE_OK && !shim->files.looked && level == SQLITE_LOCK_SHARED && !left_wal_look(shim, file)) {
		shim->original->xUnlock(file, SQLITE_LOCK_NONE);
		rc = SQLITE_BUSY;
	}
	if (rc != SQLITE_OK && level == SQLITE_LOCK_SHARED)
		journal_turn_end(shim);
	if (rc != SQLITE_OK)
		allow_copies(shim);
	return lock_tried(shim, level, rc);
}

int file_locks_unlock(sqlite3_file *file, int level)
{
	struct file_shim *shim = file_shim_of(file);
	int rc;

	if (shim->journal_write.began)
		write_lock_unreserve(shim);
	rc = shim->original->xUnlock(file, level);
	if (level == SQLITE_LOCK_NONE)
		journal_turn_end(shim);
	allow_copies(shim);
	return rc;
}

void file_locks_closed(struct file_shim *shim)
{
	allow_copies(shim);
}
