/* wal_limit.c - a checkpoint that holds the write lock, and waits for readers.
 *
 * A reader that begins while one waits would be waited for in turn. So it begins when those before it have ended (read_delay.h): by
 * then all may be in the database, and it needs nothing of the -wal. Two connections that decide to wait at the same moment both
 * do, one of them for the write lock. */
#include "locking/wal_limit.h"

#include "base/settings.h"
#include "connection/registry.h"
#include "locking/file_shim.h"
#include "locking/futex.h"
#include "sqlite/callback_offsets.h"

#include <string.h>

#define MILLISECOND INT64_C(1000000)
#define SECOND (1000 * MILLISECOND)

/* For the write lock, and for the end of another checkpoint, which has begun before. */
#define LONGEST_FOR_LOCK (200 * MILLISECOND)
/* For readers of up to a second: those that were there, and those that came while these were waited for. */
#define LONGEST_FOR_READERS (3 * SECOND)
/* For those that are about to end, as a rule: an attempt at the write lock begins with a read. */
#define BRIEF (4 * MILLISECOND)
/* For those of a request, where they kept the last checkpoint from ending the -wal: while others write, and then with the lock. */
#define SHORT_READER (20 * MILLISECOND)
/* … and in between for the lock, while others write. */
#define SHORT_TURN (20 * MILLISECOND)
#define POLL (MILLISECOND / 2)
/* So many times as long as one has waited none waits again. */
#define REST 1
/* A reader that was there for so long is not waited for; for so long, deserves a warning. */
#define LONG_READER (3 * SECOND)
#define ENDLESS_READER (10 * SECOND)
#define LOOK_AGAIN (100 * MILLISECOND)
/* The same while readers are delayed. Who was there at no two looks in turn is none that stays. */
#define LOOK_SOON (10 * MILLISECOND)
/* From what length on readers are waited for, whether they have ended or not. */
#define SIZE_TO_WAIT(limit) ((limit) / 2 * 3)
/* Frames. SQLite's default is 1000, unless it was built with another. */
#define LONG_FOR_ANY 4000

void wal_limit_write_locked(struct file_shim *shim)
{
	if (shim->handoff.shm)
		shim->wal_limit.before = wal_index_frames(shim->handoff.shm);
}

void wal_limit_read_begins(struct file_shim *shim)
{
	shim->wal_limit.after_commit = false;
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

/* Is the -wal so long that SQLite checkpoints by itself after each commit, before the program can? */
static bool is_past_autocheckpoint(uint32_t frames)
{
	const struct setting_value *wanted = settings_get(SETTING_WAL_AUTOCHECKPOINT);

	return wanted->keep ? frames >= LONG_FOR_ANY : wanted->number > 0 && frames >= wanted->number;
}

/* SQLite checkpoints in the step that commits. It does not beside a statement that reads on, nor where the commit comes later, as
 * the reset of a statement with RETURNING or sqlite3_blob_close(): statements that have rows, or no text. */
static bool hinders_checkpoint(const struct sqlite *sqlite, sqlite3_stmt *stmt, const void *argument)
{
	(void)argument;
	return sqlite->stmt_busy && sqlite->stmt_busy(stmt) && (sqlite->column_count(stmt) > 0 || !sqlite->sql(stmt));
}

void wal_limit_write_unlocked(struct file_shim *shim)
{
	struct wal_limit *limit = &shim->wal_limit;

	limit->after = shim->handoff.shm ? wal_index_frames(shim->handoff.shm) : limit->before;
	limit->after_commit = limit->after != limit->before && !shim->reset_guard.checkpoints;
	limit->is_hindered = is_past_autocheckpoint(limit->after) && !shim->is_attached &&
			     sqlite_find_statement(shim->sqlite, shim->db, hinders_checkpoint, NULL);
	if (read_delay_is_over(shim, limit->after))
		read_delay_end(shim, monotonic_now(), READS_BEGIN);
}

/* May readers be delayed from now on? */
static bool may_delay(const struct file_shim *shim, int64_t size, int64_t limit, int64_t now)
{
	const char *shm = shim->handoff.shm;

	if (read_delay_failed(shm, now) && now - shim->wal_limit.looks_since < LONG_READER + SECOND)
		return false;
	return !read_delay_is_set(shm, now) || (read_delay_lets_write(shm) && size >= SIZE_TO_WAIT(limit));
}

/* What else is to be copied the next checkpoint copies while writers go on. */
static bool is_nearly_copied(const struct file_shim *shim, int64_t limit)
{
	const char *shm = shim->handoff.shm;

	return wal_index_size(shm, wal_index_frames(shm) - wal_index_backfilled(shm)) < limit / 8;
}

/* Past the limit: is this the time to wait for readers? First those that begin are delayed, and writers go on. */
static bool is_to_wait(struct file_shim *shim, int64_t size, int64_t limit, int64_t now)
{
	struct wal_limit *own = &shim->wal_limit;
	bool delays = read_delay_is_own(shim);
	int64_t longest;
	unsigned reader;

	if (size < limit) {
		own->looks_since = 0;
		read_delay_end(shim, now, READS_BEGIN);
		return false;
	}
	if (delays)
		read_delay_extend(shim, now);
	if (now - own->looked_at < (delays ? LOOK_SOON : LOOK_AGAIN))
		return false;
	/* a reader that has the mark of one that was there before the -wal was started anew is another one */
	if (!own->looks_since || size < own->looked_size)
		memset(own->read_locks, 0, sizeof(own->read_locks));
	if (!own->looks_since)
		own->looks_since = now;
	own->looked_at = now;
	own->looked_size = size;
	longest = read_locks_longest(shim, now, &reader);
	if (longest > ENDLESS_READER)
		read_locks_warn(shim, reader, longest, size);
	if (longest > LONG_READER || !wal_files_each(is_no_own_reader, shim)) {
		read_delay_end(shim, now + REST * (now - shim->read_delay.since),
			       longest > LONG_READER ? READERS_STAYED : READS_BEGIN);
		return false;
	}
	if (!delays && !may_delay(shim, size, limit, now))
		return false;
	if (!delays)
		read_delay_extend(shim, now);
	return (delays && longest == 0 && is_nearly_copied(shim, limit)) || size >= SIZE_TO_WAIT(limit);
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
	shim->wal_limit.holds = reservation_claim(shim);
	if (!shim->wal_limit.holds)
		give_write_lock_back(shim);
	return shim->wal_limit.holds;
}

/* Have those ended that read at that time, by then? Waits for it. */
static bool wait_for_those_since(struct file_shim *shim, int64_t began, int64_t until)
{
	unsigned reader;

	for (int64_t now = began; now < until; now = monotonic_now()) {
		int64_t longest = read_locks_longest(shim, now, &reader);

		if (now != began && longest < now - began)
			return true;
		monotonic_sleep(now + 2 * POLL);
	}
	return false;
}

/* Readers that begin are delayed, and others write, until those that are there have ended: with the lock there is next to nothing
 * to wait for then. */
static bool hold_after_readers(struct file_shim *shim)
{
	struct handoff *handoff = &shim->handoff;
	int64_t now = shim->wal_limit.began, until = now + SHORT_READER + SHORT_TURN;
	bool ended;

	/* no checkpoint runs yet */
	if (handoff->release == WAKE_DEFERRED)
		handoff_pass_on(handoff);
	read_delay_set(handoff->shm, until + SHORT_READER, READS_LET_WRITE);
	ended = wait_for_those_since(shim, now, now + SHORT_READER);
	while (ended && !hold(shim) && (now = monotonic_now()) < until) {
		handoff_refused(handoff);
		handoff_wait(handoff, 0, now + 2 * MILLISECOND);
	}
	if (!shim->wal_limit.holds)
		read_delay_note_longer(handoff->shm, monotonic_now());
	return shim->wal_limit.holds;
}

/* Has the program left checkpoints to SQLite? Not to Litestream either, for which the recipe's limit is 0. What an embedded copy's
 * program sets by a function is not seen otherwise. */
static bool is_automatic(const struct connection *connection, uint32_t frames)
{
	const struct outcome *limit = connection ? &connection->outcomes[SETTING_JOURNAL_SIZE_LIMIT] : NULL;

	return limit && (!connection->offsets || callback_checkpoints(connection->offsets, connection->db, frames)) &&
	       connection->outcomes[SETTING_WAL_AUTOCHECKPOINT].by != DECIDED_BY_PROGRAM &&
	       !(limit->by == DECIDED_BY_RECIPE && limit->got == 0);
}

void wal_limit_checkpoint_begins(struct file_shim *shim)
{
	struct wal_limit *limit = &shim->wal_limit;
	const struct connection *connection = registry_find(shim->db);
	uint32_t every = shim->handoff.checkpoint_at ? shim->handoff.checkpoint_at : 1000;
	int64_t size, most;
	bool passes;

	limit->is_automatic = limit->is_needless = false;
	if (!limit->after_commit || !shim->fair || shim->is_attached || shim->has_read_lock || !shim->handoff.shm ||
	    !is_automatic(connection, limit->after))
		return;
	limit->after_commit = false;
	size = wal_index_size(shim->handoff.shm, limit->after);
	most = connection->outcomes[SETTING_JOURNAL_SIZE_LIMIT].got;
	limit->began = monotonic_now();
	limit->waits = most > 0 && is_to_wait(shim, size, most, limit->began);
	if (!limit->waits && read_delay_met_longer(shim->handoff.shm, limit->began)) {
		limit->is_automatic = is_past_autocheckpoint(limit->after) && !limit->is_hindered;
		limit->is_needless = limit->is_automatic && refused_locks_has_checkpoint(shim, limit->began);
		return;
	}
	/* the readers that this one has delays for are longer than a moment */
	passes = limit->after >= 2 * every && limit->after / every != limit->before / every && !shim->read_delay.since;
	/* the checkpoint before left frames to readers: each commit would checkpoint now, and sync twice, until it ends the -wal */
	limit->waits_short = !limit->waits && limit->before >= every && limit->after > limit->before &&
			     !read_delay_is_set(shim->handoff.shm, limit->began) && wal_files_each(is_no_own_reader, shim);
	if (!limit->waits && !limit->waits_short && !passes)
		return;
	limit->until = limit->began + LONGEST_FOR_READERS;
	if (limit->waits)
		read_delay_set(shim->handoff.shm, limit->until, READS_WAIT);
	if (limit->waits_short)
		limit->waits_short = hold_after_readers(shim);
	else
		hold(shim);
	if (limit->waits && !limit->holds)
		read_delay_set(shim->handoff.shm, limit->began, READS_BEGIN);
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
	struct wal_limit *limit = &shim->wal_limit;
	int64_t now;
	int rc;

	if (!limit->holds || !(flags & SQLITE_SHM_LOCK))
		return shim->original->xShmLock(shim->file, offset, n, flags);
	now = monotonic_now();
	rc = lock_until(shim, offset, n, flags,
			limit->waits         ? limit->until
			: limit->waits_short ? now + SHORT_READER
					     : now + BRIEF);
	if (rc == SQLITE_BUSY && limit->waits_short) {
		read_delay_note_longer(shim->handoff.shm, monotonic_now());
		limit->waits_short = false;
	}
	return rc;
}

/* Until no reader needs the -wal any more: those that begin now read the database alone. READERS_STAYED if some still do. Not if
 * the time was needed to copy: another attempt has little to copy. */
static enum read_delay_state wait_for_readers(struct file_shim *shim)
{
	const int readers = WAL_READ_MARKS - 1, first = WAL_BACKFILL_LOCK + 1;
	int64_t began = monotonic_now();

	if (wal_index_backfilled(shim->handoff.shm) != wal_index_frames(shim->handoff.shm))
		return READERS_STAYED;
	if (wal_limit_lock_readers(shim, first, readers, SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE) != SQLITE_OK)
		return monotonic_now() - began < SECOND ? READS_BEGIN : READERS_STAYED;
	lock(shim, first, readers, SQLITE_SHM_UNLOCK);
	return READS_BEGIN;
}

void wal_limit_give_up(struct file_shim *shim)
{
	if (shim->wal_limit.holds)
		give_write_lock_back(shim);
	shim->wal_limit.holds = shim->wal_limit.waits = shim->wal_limit.waits_short = false;
}

void wal_limit_checkpoint_ends(struct file_shim *shim)
{
	struct wal_limit *limit = &shim->wal_limit;
	enum read_delay_state state = limit->holds ? wait_for_readers(shim) : READS_BEGIN;
	int64_t now = monotonic_now();

	if (limit->holds && limit->waits)
		read_delay_set(shim->handoff.shm, now + REST * (now - limit->began), state);
	else if (limit->holds && limit->waits_short)
		read_delay_set(shim->handoff.shm, now, READS_BEGIN);
	wal_limit_give_up(shim);
}
