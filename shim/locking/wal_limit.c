/* wal_limit.c - a checkpoint that holds the write lock, and waits for readers.
 *
 * When a checkpoint may wait for readers again is written to bytes 132 to 135 of the -shm, which SQLite's format sets aside and no
 * version reads: a time of CLOCK_MONOTONIC in milliseconds, modulo 2^32. One that has passed, or is far away, is none. Two
 * connections that read it at the same moment both wait, one of them for the write lock. The lowest bit says that one waits now,
 * the next one that the last one waited in vain: then only a connection waits that has seen for itself that no reader stays.
 *
 * A reader that begins while one waits would be waited for in turn. So it begins up to half a second later: by then all may
 * be in the database, and it needs nothing of the -wal. */
#include "locking/wal_limit.h"

#include "connection/registry.h"
#include "locking/file_shim.h"
#include "locking/futex.h"

#include <stdatomic.h>

#define QUIET 132

#define MILLISECOND INT64_C(1000000)
#define SECOND (1000 * MILLISECOND)

/* For the write lock, and for the end of another checkpoint, which has begun before. */
#define LONGEST_FOR_LOCK (200 * MILLISECOND)
/* For readers of up to a second: those that were there, and those that came while these were waited for. */
#define LONGEST_FOR_READERS (3 * SECOND)
/* For those that are about to end, as a rule: an attempt at the write lock begins with a read. */
#define BRIEF (4 * MILLISECOND)
#define POLL (MILLISECOND / 2)
/* So many times as long as one has waited none waits again. */
#define REST 1
#define WAITS_NOW 1
#define FAILED 2
#define REST_LONGEST (600 * SECOND)
/* A reader that was there for so long is not waited for; for so long, deserves a warning. */
#define LONG_READER (3 * SECOND)
#define ENDLESS_READER (10 * SECOND)
#define LOOK_AGAIN (100 * MILLISECOND)
/* How much later a reader begins. */
#define READER_DELAY (500 * MILLISECOND)

void wal_limit_write_locked(struct file_shim *shim)
{
	if (shim->handoff.shm)
		shim->wal_limit.before = wal_index_frames(shim->handoff.shm);
}

void wal_limit_write_unlocked(struct file_shim *shim)
{
	struct wal_limit *limit = &shim->wal_limit;

	limit->after = shim->handoff.shm ? wal_index_frames(shim->handoff.shm) : limit->before;
	limit->after_commit = limit->after != limit->before && !shim->reset_guard.checkpoints;
}

void wal_limit_read_begins(struct file_shim *shim)
{
	shim->wal_limit.after_commit = false;
}

static _Atomic uint32_t *quiet_word(const char *shm)
{
	return (_Atomic uint32_t *)(uintptr_t)(shm + QUIET);
}

static bool is_quiet(const char *shm, int64_t now)
{
	uint32_t left = atomic_load(quiet_word(shm)) - (uint32_t)(now / MILLISECOND);

	return left > 0 && left < REST_LONGEST / MILLISECOND;
}

/* Did the last one wait in vain, not long ago? */
static bool has_failed(const char *shm, int64_t now)
{
	uint32_t word = atomic_load(quiet_word(shm)), since = (uint32_t)(now / MILLISECOND) - word;

	return (word & FAILED) && since < REST_LONGEST / MILLISECOND;
}

static void be_quiet(const char *shm, int64_t until, uint32_t state)
{
	if (wal_index_get(shm, 0) == WAL_INDEX_FORMAT)
		atomic_store(quiet_word(shm), ((uint32_t)(until / MILLISECOND) & ~UINT32_C(3)) | state);
}

bool wal_limit_delays_read(const struct file_shim *shim)
{
	const char *shm = shim->handoff.shm;
	int64_t now, end;

	if (!shm || !(atomic_load(quiet_word(shm)) & WAITS_NOW) || !is_quiet(shm, monotonic_now()))
		return false;
	now = monotonic_now();
	for (end = now + READER_DELAY; now < end && (atomic_load(quiet_word(shm)) & WAITS_NOW); now = monotonic_now())
		monotonic_sleep(now + POLL);
	return true;
}

static int lock(struct file_shim *shim, int offset, int n, int flag)
{
	return shim->original->xShmLock(shim->file, offset, n, flag | SQLITE_SHM_EXCLUSIVE);
}

/* A connection that this thread reads by cannot end its read while the thread waits. */
static bool is_no_own_reader(struct file_shim *other, void *argument)
{
	return !file_shim_is_of_thread(argument, other) || !other->has_read_lock;
}

/* Past the limit: is this the time to wait for readers? */
static bool is_to_wait(struct file_shim *shim, int64_t size, int64_t limit, int64_t now)
{
	int64_t longest;
	unsigned reader;

	if (size < limit)
		shim->wal_limit.looks_since = 0;
	if (size < limit || now - shim->wal_limit.looked_at < LOOK_AGAIN)
		return false;
	if (!shim->wal_limit.looks_since)
		shim->wal_limit.looks_since = now;
	shim->wal_limit.looked_at = now;
	longest = read_locks_longest(shim, now, &reader);
	if (longest > ENDLESS_READER)
		read_locks_warn(shim, reader, longest, size);
	if (longest > LONG_READER)
		return false;
	if (has_failed(shim->handoff.shm, now) && now - shim->wal_limit.looks_since < LONG_READER + SECOND)
		return false;
	return size >= limit / 2 * 3 && !is_quiet(shim->handoff.shm, now) && wal_files_each(is_no_own_reader, shim);
}

/* Takes the write lock before all that wait for it. */
static bool take_write_lock(struct file_shim *shim)
{
	struct handoff *handoff = &shim->handoff;
	int64_t now = monotonic_now(), end = now + LONGEST_FOR_LOCK;
	int rc;

	handoff_try(handoff);
	while ((rc = shared_write_lock(shim)) == SQLITE_BUSY && now < end) {
		handoff_refused(handoff);
		handoff_wait(handoff, 0, now + 2 * MILLISECOND);
		now = monotonic_now();
	}
	if (rc != SQLITE_OK)
		return false;
	handoff_acquired(handoff);
	return true;
}

static void give_write_lock_back(struct file_shim *shim)
{
	handoff_releasing(&shim->handoff);
	reservation_unclaim(shim);
	shared_write_unlock(shim);
	handoff_released(&shim->handoff);
}

/* A connection that has reserved does not wait for the write lock: none may, until this gives it back. */
static bool hold(struct file_shim *shim)
{
	if (reservation_blocks(shim) || !take_write_lock(shim))
		return false;
	if (reservation_claim(shim))
		return true;
	give_write_lock_back(shim);
	return false;
}

/* Has the program left checkpoints to SQLite? Not to Litestream either, for which the recipe's limit is 0. */
static bool is_automatic(const struct connection *connection)
{
	const struct outcome *limit = connection ? &connection->outcomes[SETTING_JOURNAL_SIZE_LIMIT] : NULL;

	return limit && connection->outcomes[SETTING_WAL_AUTOCHECKPOINT].by != DECIDED_BY_PROGRAM &&
	       !(limit->by == DECIDED_BY_RECIPE && limit->got == 0);
}

void wal_limit_checkpoint_begins(struct file_shim *shim)
{
	struct wal_limit *limit = &shim->wal_limit;
	const struct connection *connection = registry_find(shim->db);
	uint32_t every = shim->handoff.checkpoint_at ? shim->handoff.checkpoint_at : 1000;
	int64_t size, most;
	bool passes;

	if (!limit->after_commit || !shim->fair || shim->is_attached || shim->has_read_lock || !shim->handoff.shm ||
	    !is_automatic(connection))
		return;
	limit->after_commit = false;
	size = wal_index_size(shim->handoff.shm, limit->after);
	most = connection->outcomes[SETTING_JOURNAL_SIZE_LIMIT].got;
	passes = limit->after >= 2 * every && limit->after / every != limit->before / every;
	limit->began = monotonic_now();
	limit->waits = most > 0 && is_to_wait(shim, size, most, limit->began);
	if (!limit->waits && !passes)
		return;
	limit->until = limit->began + LONGEST_FOR_READERS;
	if (limit->waits)
		be_quiet(shim->handoff.shm, limit->until, WAITS_NOW);
	limit->holds = hold(shim);
	if (limit->waits && !limit->holds)
		be_quiet(shim->handoff.shm, limit->began, 0);
}

static int lock_until(struct file_shim *shim, int offset, int n, int flags, int64_t until)
{
	int rc = shim->original->xShmLock(shim->file, offset, n, flags);

	for (int64_t now = monotonic_now(); rc == SQLITE_BUSY && now < until; now = monotonic_now()) {
		monotonic_sleep(now + POLL);
		rc = shim->original->xShmLock(shim->file, offset, n, flags);
	}
	return rc;
}

int wal_limit_lock_checkpoint(struct file_shim *shim, int flags)
{
	if (!shim->wal_limit.holds)
		return shim->original->xShmLock(shim->file, WAL_CHECKPOINT_LOCK, 1, flags);
	return lock_until(shim, WAL_CHECKPOINT_LOCK, 1, flags, monotonic_now() + LONGEST_FOR_LOCK);
}

int wal_limit_lock_readers(struct file_shim *shim, int offset, int n, int flags)
{
	const struct wal_limit *limit = &shim->wal_limit;

	if (!limit->holds || !(flags & SQLITE_SHM_LOCK))
		return shim->original->xShmLock(shim->file, offset, n, flags);
	return lock_until(shim, offset, n, flags, limit->waits ? limit->until : monotonic_now() + BRIEF);
}

/* Until no reader needs the -wal any more: those that begin now read the database alone. False if some still do. */
static bool wait_for_readers(struct file_shim *shim)
{
	const int readers = WAL_READ_MARKS - 1, first = WAL_BACKFILL_LOCK + 1;

	if (wal_index_backfilled(shim->handoff.shm) != wal_index_frames(shim->handoff.shm) ||
	    wal_limit_lock_readers(shim, first, readers, SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE) != SQLITE_OK)
		return false;
	lock(shim, first, readers, SQLITE_SHM_UNLOCK);
	return true;
}

void wal_limit_give_up(struct file_shim *shim)
{
	if (shim->wal_limit.holds)
		give_write_lock_back(shim);
	shim->wal_limit.holds = shim->wal_limit.waits = false;
}

void wal_limit_checkpoint_ends(struct file_shim *shim)
{
	struct wal_limit *limit = &shim->wal_limit;
	int64_t now;
	bool done;

	done = limit->holds && wait_for_readers(shim);
	now = monotonic_now();
	if (limit->holds && limit->waits)
		be_quiet(shim->handoff.shm, now + REST * (now - limit->began), done ? 0 : FAILED);
	wal_limit_give_up(shim);
}
