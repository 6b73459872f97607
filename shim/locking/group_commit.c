/* group_commit.c - puts the sync of a commit off.
 *
 * SQLite calls xSync of the -wal, as a transaction commits, while it has the write lock. Ours answers that all is well and notes
 * it. SQLite then gives the lock back and sends SQLITE_FCNTL_COMMIT_PHASETWO to the database file, whose answer becomes that of the
 * COMMIT: there the real sync is made. All other syncs are made at once: those of a checkpoint, and that of a new -wal's header,
 * without which frames of an older -wal could be taken for this one's. So a SQLite with neither that call nor
 * SQLITE_FCNTL_JOURNAL_POINTER (before 3.12) syncs as it always does.
 *
 * While it waits, the transaction holds no lock: its read lock would keep the -wal from being started anew, which with many writers
 * would never happen, as one of them always waits. */
#include "locking/group_commit.h"

#include "connection/registry.h"
#include "locking/file_shim.h"
#include "locking/wal_index.h"

#include <stdlib.h>

#define COPIED (64 * 1024)

/* Does SQLite give the read lock back right after this commit? It does unless another statement of the connection, or another
 * connection by the same cache, still reads. */
static bool ends_read(const struct file_shim *shim)
{
	const struct connection *connection = registry_find(shim->db);
	const struct sqlite *sqlite = shim->sqlite;
	sqlite3_stmt *stmt = NULL;
	unsigned busy = 0;

	if (!connection || connection->shared_cache || !sqlite->next_stmt || !sqlite->stmt_busy)
		return false;
	while ((stmt = sqlite->next_stmt(shim->db, stmt)))
		busy += sqlite->stmt_busy(stmt) != 0;
	return busy == 1;
}

static void return_read_lock(struct file_shim *shim)
{
	struct group_commit *commit = &shim->group_commit;

	if (!commit->read_lock || !ends_read(shim))
		return;
	/* a transaction that began shares the write lock until it ends */
	shared_write_end(shim);
	shim->original->xShmLock(shim->file, commit->read_lock, 1, SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED);
	commit->read_lock_returned = true;
}

/* Linux takes pages that it could not write for written: a later sync that succeeds says nothing about them. So all that the -wal
 * holds is written again as it is. It cannot be started anew meanwhile: a transaction that commits has a read lock, a checkpoint
 * that syncs has the backfill lock. */
static bool write_again(const struct file_shim *shim)
{
	const struct wal_methods *methods = &shim->wal_methods;
	sqlite3_int64 size, at = 0;
	char *buffer;

	if (!shim->handoff.shm)
		return false;
	buffer = malloc(COPIED);
	size = wal_index_size(shim->handoff.shm, wal_index_frames(shim->handoff.shm));
	while (buffer && at < size) {
		int part = size - at < COPIED ? (int)(size - at) : COPIED;
		if (methods->original->xRead(methods->wal, buffer, part, at) != SQLITE_OK ||
		    methods->original->xWrite(methods->wal, buffer, part, at) != SQLITE_OK)
			break;
		at += part;
	}
	free(buffer);
	return at == size;
}

/* Other connections of this process may never hear of the failure: the kernel reports it once to each descriptor. */
static bool put_in_doubt(struct file_shim *shim, void *argument)
{
	const struct file_shim *failed = argument;

	if (wal_files_are_same(&shim->files, &failed->files))
		atomic_store(&shim->group_commit.in_doubt, true);
	return true;
}

static int sync_now(struct file_shim *shim, int flags, bool after_commit)
{
	struct group_commit *commit = &shim->group_commit;
	bool in_doubt = atomic_load(&commit->in_doubt);
	int rc;

	if (in_doubt && !write_again(shim))
		return SQLITE_IOERR_FSYNC;
	if (after_commit)
		return_read_lock(shim);
	rc = shim->wal_methods.original->xSync(shim->wal_methods.wal, flags);
	if (rc != SQLITE_OK)
		wal_files_each(put_in_doubt, shim);
	if ((rc == SQLITE_OK) == in_doubt)
		atomic_store(&commit->in_doubt, !in_doubt);
	return rc;
}

void group_commit_header_written(struct file_shim *shim)
{
	shim->group_commit.header_written = true;
}

int group_commit_sync(struct file_shim *shim, int flags)
{
	struct group_commit *commit = &shim->group_commit;

	if (!commit->wanted && !atomic_load_explicit(&commit->in_doubt, memory_order_relaxed))
		return shim->wal_methods.original->xSync(shim->wal_methods.wal, flags);
	if (!commit->writes || commit->header_written) {
		commit->header_written = false;
		return sync_now(shim, flags, false);
	}
	commit->put_off = true;
	commit->flags = flags;
	return SQLITE_OK;
}

void group_commit_forget(struct file_shim *shim)
{
	struct group_commit *commit = &shim->group_commit;

	commit->writes = commit->put_off = commit->read_lock_returned = false;
	commit->read_lock = 0;
}

void group_commit_write_locked(struct file_shim *shim)
{
	struct group_commit *commit = &shim->group_commit;

	commit->put_off = false;
	/* SQLite also takes the lock to checkpoint, and to read the WAL anew after a crash */
	commit->writes = commit->wanted && commit->read_lock && !shim->reset_guard.checkpoints;
}

void group_commit_write_unlocked(struct file_shim *shim)
{
	shim->group_commit.writes = false;
}

void group_commit_read_locked(struct file_shim *shim, int offset)
{
	shim->group_commit.read_lock = offset;
	shim->group_commit.read_lock_returned = false;
}

bool group_commit_read_unlocked(struct file_shim *shim)
{
	bool returned = shim->group_commit.read_lock_returned;

	shim->group_commit.read_lock = 0;
	shim->group_commit.read_lock_returned = false;
	return returned;
}

int group_commit_wait(struct file_shim *shim)
{
	struct group_commit *commit = &shim->group_commit;

	if (!commit->put_off)
		return SQLITE_OK;
	commit->put_off = false;
	commit->count++;
	return sync_now(shim, commit->flags, true);
}
