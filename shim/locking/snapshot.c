/* snapshot.c - waits for those that may give the write lock back without a commit. */
#include "locking/snapshot.h"

#include "connection/registry.h"
#include "locking/busy_handler.h"
#include "locking/file_shim.h"
#include "locking/futex.h"
#include "locking/lock_owner.h"
#include "locking/shm_locks.h"

#define MILLISECOND INT64_C(1000000)

/* A checkpoint copies for as long as the disk needs; one that is stopped is not waited for without an end. */
#define LONGEST_CHECKPOINT (30000 * MILLISECOND)
/* Between its parts, and until it has given the lock back. */
#define BETWEEN (20 * MILLISECOND)
#define POLL (2 * MILLISECOND)

bool snapshot_is_kept(const struct file_shim *shim)
{
	const struct sqlite *sqlite = shim->sqlite;
	sqlite3_stmt *stmt = NULL;
	unsigned busy = 0;

	if ((shim->is_attached && !registry_find(shim->db)) || !sqlite->get_autocommit(shim->db))
		return true;
	while (sqlite->next_stmt && sqlite->stmt_busy && (stmt = sqlite->next_stmt(shim->db, stmt)))
		busy += sqlite->stmt_busy(stmt) != 0;
	return busy > 1;
}

static bool is_current(const struct file_shim *shim)
{
	return handoff_changes(&shim->handoff) == shim->snapshot;
}

/* Not for a checkpoint, which may wait for readers; and no longer than a reservation lasts. */
static int wait_for_transaction(struct file_shim *shim)
{
	int64_t until = monotonic_now() + reservation_length();
	int rc = SQLITE_BUSY;

	for (int count = 0; rc == SQLITE_BUSY && monotonic_now() < until; count++) {
		if (!is_current(shim) || lock_owner_checkpoints(&shim->files))
			break;
		handoff_refused(&shim->handoff);
		if (!busy_handler_wait(shim, WAIT_OF_RESERVATION, count))
			break;
		handoff_try(&shim->handoff);
		rc = shared_write_lock(shim);
	}
	return rc;
}

/* One that waits for readers would wait for this one too: only ours gives up soon. */
static bool checkpoint_goes_on(struct file_shim *shim, int64_t now)
{
	const char *shm = shim->handoff.shm;

	return (shm_locks_checkpoint_copies(shim) || read_delay_is_set(shm, now)) && shm_locks_checkpoint_runs(shim);
}

int snapshot_wait_for_checkpoint(struct file_shim *shim)
{
	int64_t now = monotonic_now(), until = now + LONGEST_CHECKPOINT, seen = 0;
	int rc = SQLITE_BUSY;

	while (rc == SQLITE_BUSY && now < until && is_current(shim) && !busy_wait_is_interrupted(shim)) {
		if (checkpoint_goes_on(shim, now))
			seen = now;
		else if (now - seen > BETWEEN)
			break;
		handoff_refused(&shim->handoff);
		/* before all others, whose commit would make the snapshot one that cannot write */
		handoff_wait(&shim->handoff, 0, now + POLL);
		handoff_try(&shim->handoff);
		rc = shared_write_lock(shim);
		now = monotonic_now();
	}
	return rc;
}

int snapshot_wait(struct file_shim *shim)
{
	int rc = SQLITE_BUSY;

	if (!shim->handoff.shm)
		return rc;
	/* where the first statement writes itself, SQLite waits */
	if (shim->reservation.is_pending && shim->reservation.site_reads)
		rc = wait_for_transaction(shim);
	return rc == SQLITE_BUSY && snapshot_is_kept(shim) ? snapshot_wait_for_checkpoint(shim) : rc;
}
