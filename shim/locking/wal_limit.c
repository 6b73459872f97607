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

#include "base/log.h"
#include "connection/registry.h"
#include "locking/file_shim.h"
#include "locking/futex.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define QUIET 132
#define SHM_LOCKS 120

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

/* Are there readers with this lock? Who reads the database alone has the first one, which a checkpoint takes for itself. */
static bool are_there(struct file_shim *shim, unsigned reader)
{
	const sqlite3_io_methods *real = shim->original;
	int place = WAL_BACKFILL_LOCK + (int)reader, flags = SQLITE_SHM_EXCLUSIVE;
	int rc = real->xShmLock(shim->file, place, 1, SQLITE_SHM_LOCK | flags);
	bool there = rc != SQLITE_OK;

	if (there && reader == 0) {
		flags = SQLITE_SHM_SHARED;
		rc = real->xShmLock(shim->file, place, 1, SQLITE_SHM_LOCK | flags);
		there = rc == SQLITE_OK;
	}
	if (rc == SQLITE_OK)
		real->xShmLock(shim->file, place, 1, SQLITE_SHM_UNLOCK | flags);
	return there;
}

/* Up to where they read. Who reads the database alone keeps all others from writing to it: as long as this stays, so do they. */
static uint32_t mark_of(const struct file_shim *shim, unsigned reader)
{
	const char *shm = shim->handoff.shm;

	return reader == 0 ? wal_index_backfilled(shm) : wal_index_mark(shm, reader);
}

/* Notes since when each reader's lock is held for the same mark. Returns the one that is held longest; WAL_READ_MARKS if none is.
 */
static unsigned look_at_readers(struct file_shim *shim, int64_t now)
{
	struct wal_limit *limit = &shim->wal_limit;
	unsigned longest = WAL_READ_MARKS;

	for (unsigned i = 0; i < WAL_READ_MARKS; i++) {
		uint32_t mark = mark_of(shim, i);
		if (mark == WAL_MARK_UNUSED || !are_there(shim, i))
			limit->readers[i].since = 0;
		else if (!limit->readers[i].since || limit->readers[i].mark != mark)
			limit->readers[i].since = now;
		limit->readers[i].mark = mark;
		if (limit->readers[i].since &&
		    (longest == WAL_READ_MARKS || limit->readers[i].since < limit->readers[longest].since))
			longest = i;
	}
	limit->looked_at = now;
	return longest;
}

/* The process that holds this reader's lock. */
static pid_t pid_of_reader(const struct file_shim *shim, unsigned reader)
{
	struct flock held = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = SHM_LOCKS + WAL_BACKFILL_LOCK + (off_t)reader, .l_len = 1};

	if (shim->files.shm_fd < 0 || fcntl(shim->files.shm_fd, F_GETLK, &held) != 0)
		return 0;
	/* the kernel does not tell a process of its own locks */
	return held.l_type == F_UNLCK ? getpid() : held.l_pid;
}

static void read_program(pid_t pid, char *out, size_t size)
{
	char name[32];
	FILE *file;

	snprintf(name, sizeof(name), "/proc/%d/comm", (int)pid);
	file = fopen(name, "re");
	if (!file || !fgets(out, (int)size, file))
		*out = '\0';
	out[strcspn(out, "\n")] = '\0';
	if (file)
		fclose(file);
}

static void warn_of_reader(const struct file_shim *shim, unsigned reader, int64_t now, int64_t size)
{
	const struct connection *connection = registry_find(shim->db);
	int64_t since = shim->wal_limit.readers[reader].since;
	int saved = errno;
	pid_t pid = pid_of_reader(shim, reader);
	char program[32];

	if (!connection || pid <= 0) {
		errno = saved;
		return;
	}
	read_program(pid, program, sizeof(program));
	/* it reads all the time so that nobody starts the -wal anew before it has copied it */
	if (strcmp(program, "litestream") != 0)
		log_warn_once(WARNING_WAL_READER, connection->path,
			      "%s-wal has grown to %lld MiB, past its limit, and cannot be started anew: %s (pid %ld) has been "
			      "reading in "
			      "one transaction for %lld s. End that transaction",
			      connection->path, (long long)(size >> 20), *program ? program : "a program", (long)pid,
			      (long long)((now - since) / SECOND));
	errno = saved;
}

/* A connection that this thread reads by cannot end its read while the thread waits. */
static bool is_no_own_reader(struct file_shim *other, void *argument)
{
	const struct file_shim *shim = argument;

	return other == shim || other->files.inode != shim->files.inode || other->files.device != shim->files.device ||
	       !holder_is_of_thread(&other->holder) || !other->has_read_lock;
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
	reader = look_at_readers(shim, now);
	longest = reader < WAL_READ_MARKS ? now - shim->wal_limit.readers[reader].since : 0;
	if (longest > ENDLESS_READER)
		warn_of_reader(shim, reader, now, size);
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
	shared_write_unlock(shim);
	handoff_released(&shim->handoff);
}

/* A connection that has reserved does not wait for the write lock. */
static bool hold(struct file_shim *shim)
{
	if (reservation_blocks(shim) || !take_write_lock(shim))
		return false;
	if (!reservation_blocks(shim))
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

	if (!limit->after_commit || !shim->fair || shim->has_read_lock || !shim->handoff.shm || !is_automatic(connection))
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
