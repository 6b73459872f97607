/* journal_turn.c - takes the lock, of the open file: other connections of the process are kept out, too. */
#include "locking/journal_turn.h"

#include "connection/registry.h"
#include "locking/fcntl_lock.h"
#include "locking/file_shim.h"
#include "locking/futex.h"

#include <errno.h>

/* SQLite's own locks of the file lie below 2^31. */
#define TURN_BYTE (INT64_C(1) << 60)

#define LOOK_AGAIN INT64_C(1000000)
/* Of the time that a reservation lasts, who is to switch waits for this part. */
#define SWITCH_PART 4

void journal_turn_set_due(struct file_shim *shim, bool is_due)
{
	shim->journal_turn.is_due = is_due;
}

static bool writes(const struct file_shim *shim)
{
	const struct sqlite *sqlite = shim->sqlite;
	sqlite3_stmt *stmt = NULL;

	if (!sqlite->next_stmt || !sqlite->stmt_busy || !sqlite->stmt_readonly)
		return false;
	while ((stmt = sqlite->next_stmt(shim->db, stmt)))
		if (sqlite->stmt_busy(stmt) && !sqlite->stmt_readonly(stmt))
			return true;
	return false;
}

/* Has the program, or the operator, decided since that the journal stays? */
static bool is_wal_due(const struct file_shim *shim)
{
	const struct connection *connection = registry_find(shim->db);

	return connection && connection->wal_retry_at;
}

static bool is_not_held_by_thread(struct file_shim *other, void *argument)
{
	return !file_shim_is_of_thread(argument, other) || !atomic_load(&other->journal_turn.is_held);
}

/* Whether it has the turn, or is not to wait for it. */
static bool try(struct file_shim *shim)
{
	if (fcntl_lock_set(shim->files.fd, F_OFD_SETLK, F_WRLCK, TURN_BYTE, 1)) {
		atomic_store(&shim->journal_turn.is_held, true);
		return true;
	}
	return (errno != EAGAIN && errno != EACCES) || !wal_files_each(is_not_held_by_thread, shim);
}

static bool is_known(const struct file_shim *shim)
{
	return shim->files.inode && !shim->handoff.shm;
}

bool journal_turn_begin_switch(struct file_shim *shim)
{
	int saved = errno;
	bool had = !is_known(shim) || try(shim);

	shim->journal_turn.switches = had;
	errno = saved;
	return had;
}

void journal_turn_end_switch(struct file_shim *shim)
{
	shim->journal_turn.switches = false;
	journal_turn_end(shim);
}

static void wait(struct file_shim *shim, int64_t length)
{
	int64_t now = monotonic_now(), until = now + length;
	int saved = errno;

	while (!try(shim) && now < until && !busy_wait_is_interrupted(shim)) {
		monotonic_sleep(now + LOOK_AGAIN);
		now = monotonic_now();
	}
	errno = saved;
}

void journal_turn_wait_to_switch(struct file_shim *shim)
{
	if (shim->journal_turn.is_due && is_known(shim))
		wait(shim, reservation_length() / SWITCH_PART);
}

void journal_turn_wait(struct file_shim *shim)
{
	if (!shim->journal_turn.is_due || !is_known(shim) || atomic_load(&shim->journal_turn.is_held) ||
	    (shim->sqlite->get_autocommit(shim->db) && !writes(shim)) || !is_wal_due(shim))
		return;
	wait(shim, reservation_length());
}

void journal_turn_end(struct file_shim *shim)
{
	int saved = errno;

	if (!atomic_load(&shim->journal_turn.is_held) || shim->journal_turn.switches)
		return;
	fcntl_lock_set(shim->files.fd, F_OFD_SETLK, F_UNLCK, TURN_BYTE, 1);
	atomic_store(&shim->journal_turn.is_held, false);
	errno = saved;
}
