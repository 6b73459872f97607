/* busy_handler.c - the busy handler, and its place in the connection. */
#include "locking/busy_handler.h"

#include "base/glibc.h"
#include "connection/registry.h"
#include "locking/futex.h"
#include "locking/lock_handoff.h"
#include "sqlite/callback_offsets.h"

#include <string.h>

#define MICROSECOND INT64_C(1000)
#define MILLISECOND (1000 * MICROSECOND)

/* Two calls further apart belong to two waits. */
#define ONE_WAIT (100 * MILLISECOND)

/* In the queue: as long again as the wait has lasted, within these. */
#define POLL_IN_QUEUE_MIN (2 * MILLISECOND)
#define POLL_IN_QUEUE_MAX (HANDOFF_POLL_MAX * 3 / 4)
/* The next in turn looks this often. */
#define POLL_WITH_PRIORITY MILLISECOND
/* Out of the queue: doubled from one to the next. */
#define POLL_MIN (100 * MICROSECOND)
#define POLL_DOUBLINGS 5 /* 3.2 ms */

/* How long one waits for a checkpoint that need not be waited for. */
#define CHECKPOINT (100 * MILLISECOND)

/* Between 3/4 and 5/4 of a time, so that waiters do not move in step. */
static int64_t jitter(const struct file_shim *shim, int64_t now, int64_t time)
{
	uint64_t mixed = ((uint64_t)now ^ (uintptr_t)shim) * UINT64_C(0x9e3779b97f4a7c15);

	return time * 3 / 4 + (int64_t)((mixed >> 44) * (uint64_t)time >> 21);
}

static int64_t poll_interval(int64_t age)
{
	return age < POLL_IN_QUEUE_MIN ? POLL_IN_QUEUE_MIN : age > POLL_IN_QUEUE_MAX ? POLL_IN_QUEUE_MAX : age;
}

/* Sleeps until our turn has come, or nothing moves any more, or the deadline. The next in turn looks more often: it is to find the
 * lock if it was left without a word. */
static void wait_in_queue(struct file_shim *shim, int64_t now, int64_t deadline)
{
	uint32_t changes = handoff_changes(shim);
	bool moved = changes != shim->change_seen;
	int64_t until, patience = now + CHECKPOINT;

	shim->change_seen = changes;
	do {
		until = now + (shim->has_priority && moved ? POLL_WITH_PRIORITY
							   : jitter(shim, now, poll_interval(now - shim->wait_began)));
		if (handoff_wait(shim, shim->wait_began, until < deadline ? until : deadline))
			return;
		changes = handoff_changes(shim);
		moved = changes != shim->change_seen;
		shim->change_seen = changes;
		now = monotonic_now();
	} while (now < deadline && ((moved && !shim->has_priority) || (now < patience && handoff_checkpoint_runs(shim))));
}

/* Is this not the wait that the last call belonged to? SQLite counts anew where a statement begins to run; sqlite3_backup_step()
 * goes on with the number of the last wait, whenever that was. Between two calls for one wait nothing is done but a try of the
 * lock. */
static bool is_new_wait(const struct file_shim *shim, int64_t now, int count)
{
	return count == 0 || now - shim->wait_polled > ONE_WAIT;
}

/* Waits for a while; 0 gives up. */
static int wait_once(struct file_shim *shim, int64_t now, bool is_new, int count)
{
	int64_t until, deadline;
	bool passed = shim->released_since_poll;

	if (is_new) {
		shim->wait_began = now;
		shim->wait_spent = 0;
	}
	shim->has_priority = !is_new && (shim->has_priority || shim->woken);
	/* time that was not spent here was none of waiting, as for SQLite's own handler */
	deadline = now + shim->timeout * MILLISECOND - shim->wait_spent;
	if (now >= deadline)
		return 0;
	shim->released_since_poll = false;
	shim->woken = false;
	/* It had the lock, but only after another one's commit, which it had not seen: nobody is in the way. */
	if (passed && !shim->contended)
		return 1;
	if (shim->contended && shim->shm) {
		wait_in_queue(shim, now, deadline);
		return 1;
	}
	until = now + jitter(shim, now, POLL_MIN << (count < POLL_DOUBLINGS ? count : POLL_DOUBLINGS));
	monotonic_sleep(until < deadline ? until : deadline);
	return 1;
}

/* SQLite calls this when a lock is taken; count says how often in this wait. 0 gives up: SQLITE_BUSY. */
static int on_busy(void *argument, int count)
{
	struct file_shim *shim = argument;
	int64_t began = monotonic_now();
	bool is_new = is_new_wait(shim, began, count);
	int again = wait_once(shim, began, is_new, is_new ? 0 : count);

	shim->wait_polled = monotonic_now();
	shim->wait_spent += shim->wait_polled - began;
	shim->count.waits += is_new;
	shim->count.given_up += again == 0;
	shim->count.waited += shim->wait_polled - began;
	/* SQLite's own sleep is where a thread that waits can be cancelled; a futex is no such point */
	glibc_testcancel();
	return again;
}

static bool callback_is(void *const *slot, int (*handler)(void *, int), const void *argument)
{
	return slot[0] == (void *)(uintptr_t)handler && slot[1] == argument;
}

/* sqlite3_busy_handler() makes PRAGMA busy_timeout tell 0. To have it tell the truth, by whatever way it is asked, the number is
 * put back where SQLite keeps it. False if that is not known: then SQLite's own handler is to stay. */
static bool find_offsets(const struct sqlite *sqlite, struct file_shim *shim)
{
	const struct busy_offsets *layout;

	if (shim->busy_callback)
		return true;
	layout = offsets_busy(sqlite, shim->db);
	if (!layout)
		return false;
	shim->busy_callback = (void **)(void *)((char *)shim->db + layout->handler);
	shim->pragma_timeout = (int *)(void *)((char *)shim->db + layout->timeout);
	shim->sqlite_handler = layout->stock;
	return true;
}

/* Puts ours in the place of SQLite's own handler, if that is where it should be. */
static int take_callback(const struct sqlite *sqlite, struct file_shim *shim, int milliseconds)
{
	int rc;

	if (!callback_is(shim->busy_callback, shim->sqlite_handler, shim->db) || *shim->pragma_timeout != milliseconds)
		return SQLITE_OK;
	rc = sqlite->busy_handler(shim->db, on_busy, shim);
	if (rc != SQLITE_OK || *shim->pragma_timeout != 0 || !callback_is(shim->busy_callback, on_busy, shim))
		return sqlite->busy_timeout(shim->db, milliseconds);
	shim->timeout = milliseconds;
	*shim->pragma_timeout = milliseconds;
	return SQLITE_OK;
}

void busy_handler_give_back(struct file_shim *shim)
{
	const struct connection *connection = shim->busy_callback ? registry_find(shim->db) : NULL;

	/* in a shared cache the file may outlive the connection */
	if (!connection || connection->shim != shim || !callback_is(shim->busy_callback, on_busy, shim))
		return;
	shim->busy_callback[0] = (void *)(uintptr_t)shim->sqlite_handler;
	shim->busy_callback[1] = shim->db;
}

bool busy_handler_is_ours(int (*handler)(void *, int))
{
	return handler == on_busy;
}

/* A VFS of somebody else's may know its files by their methods: SQLite3 Multiple Ciphers writes damaged pages if these are not its
 * own. SQLite before 3.12 does not say which VFS it is. */
static bool is_own_vfs(const struct connection *connection)
{
	static const char *const names[] = {"unix", "unix-excl"};
	const char *vfs = sqlite_vfs_name(connection->sqlite, connection->db);

	for (size_t i = 0; vfs && i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(vfs, names[i]) == 0)
			return true;
	return false;
}

void busy_handler_prepare(struct connection *connection)
{
	const struct setting_value *way = settings_get(SETTING_BUSY_WAIT), *mode = settings_get(SETTING_JOURNAL_MODE);

	if (!connection->file || !*connection->path || connection->shared_cache || !is_own_vfs(connection))
		return;
	connection->shim = file_shim_install(connection->db, connection->file, !way->keep && way->number == BUSY_WAIT_FAIR);
	if (connection->shim)
		wal_files_begin(connection->shim, connection->sqlite->db_filename(connection->db, "main"),
				!mode->keep && mode->number == JOURNAL_WAL);
}

int busy_handler_set_timeout(struct connection *connection, int milliseconds)
{
	const struct sqlite *sqlite = connection->sqlite;
	struct file_shim *shim = connection->shim;
	bool ours = shim && shim->fair && shim->db == connection->db && milliseconds > 0 && find_offsets(sqlite, shim);
	int rc = sqlite->busy_timeout(connection->db, milliseconds);

	return ours && rc == SQLITE_OK ? take_callback(sqlite, shim, milliseconds) : rc;
}

void busy_handler_reinstall(struct connection *connection, int least)
{
	const struct file_shim *shim = connection->shim;
	int timeout;

	if (!shim || shim->db != connection->db || !shim->busy_callback ||
	    !callback_is(shim->busy_callback, shim->sqlite_handler, connection->db))
		return;
	timeout = *shim->pragma_timeout;
	busy_handler_set_timeout(connection, timeout < least ? least : timeout);
}
