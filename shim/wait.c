/* wait.c - the busy handler, and its place in the connection. */
#include "wait.h"

#include "glibc.h"
#include "queue.h"
#include "slot.h"
#include "turn.h"

#include <string.h>

#define MICROSECOND INT64_C(1000)
#define MILLISECOND (1000 * MICROSECOND)

/* In the queue: as long again as the wait has lasted, within these. */
#define NAP_LEAST (2 * MILLISECOND)
#define NAP_GREATEST (TURN_NAP * 3 / 4)
/* The next in turn looks this often. */
#define NEXT_NAP MILLISECOND
/* Out of the queue: doubled from one to the next. */
#define POLL_LEAST (100 * MICROSECOND)
#define POLL_DOUBLINGS 5 /* 3.2 ms */

/* How long one waits for a checkpoint that need not be waited for. */
#define CHECKPOINT (100 * MILLISECOND)

/* Between 3/4 and 5/4 of a time, so that waiters do not move in step. */
static int64_t jitter(const struct gate *gate, int64_t now, int64_t time)
{
	uint64_t mixed = ((uint64_t)now ^ (uintptr_t)gate) * UINT64_C(0x9e3779b97f4a7c15);

	return time * 3 / 4 + (int64_t)((mixed >> 44) * (uint64_t)time >> 21);
}

static int64_t nap(int64_t age)
{
	return age < NAP_LEAST ? NAP_LEAST : age > NAP_GREATEST ? NAP_GREATEST : age;
}

/* Sleeps until our turn has come, or nothing moves any more, or the deadline. The next in turn looks more often: it is to find the
 * lock if it was left without a word. */
static void wait_in_queue(struct gate *gate, int64_t now, int64_t deadline)
{
	uint32_t changes = turn_changes(gate);
	bool moved = changes != gate->looked;
	int64_t until, patience = now + CHECKPOINT;

	gate->looked = changes;
	do {
		until = now + (gate->next && moved ? NEXT_NAP : jitter(gate, now, nap(now - gate->waiting)));
		if (turn_wait(gate, gate->waiting, until < deadline ? until : deadline))
			return;
		changes = turn_changes(gate);
		moved = changes != gate->looked;
		gate->looked = changes;
		now = queue_now();
	} while (now < deadline && ((moved && !gate->next) || (now < patience && turn_checkpoint_runs(gate))));
}

/* Waits for a while; 0 gives up. */
static int wait_once(struct gate *gate, int64_t now, int count)
{
	int64_t until, deadline;
	bool passed = gate->passed;

	if (count == 0)
		gate->waiting = now;
	gate->next = count > 0 && (gate->next || gate->queued);
	deadline = gate->waiting + gate->timeout * MILLISECOND;
	if (now >= deadline)
		return 0;
	gate->passed = false;
	gate->queued = false;
	/* It had the lock, but only after another one's commit, which it had not seen: nobody is in the way. */
	if (passed && !gate->refused)
		return 1;
	if (gate->refused && gate->shared) {
		wait_in_queue(gate, now, deadline);
		return 1;
	}
	until = now + jitter(gate, now, POLL_LEAST << (count < POLL_DOUBLINGS ? count : POLL_DOUBLINGS));
	queue_sleep(until < deadline ? until : deadline);
	return 1;
}

/* SQLite calls this when a lock is taken; count says how often in this wait. 0 gives up: SQLITE_BUSY. */
static int wait_busy(void *argument, int count)
{
	struct gate *gate = argument;
	int64_t began = queue_now();
	int again = wait_once(gate, began, count);

	gate->count.waits += count == 0;
	gate->count.given_up += again == 0;
	gate->count.waited += queue_now() - began;
	/* SQLite's own sleep is where a thread that waits can be cancelled; a futex is no such point */
	glibc_testcancel();
	return again;
}

static bool slot_holds(void *const *slot, int (*handler)(void *, int), const void *argument)
{
	return slot[0] == (void *)(uintptr_t)handler && slot[1] == argument;
}

/* sqlite3_busy_handler() makes PRAGMA busy_timeout tell 0. To have it tell the truth, by whatever way it is asked, the number is
 * put back where SQLite keeps it. False if that is not known: then SQLite's own handler is to stay. */
static bool find_place(const struct sqlite *sqlite, struct gate *gate)
{
	const struct busy_layout *layout;

	if (gate->slot)
		return true;
	layout = slot_busy_layout(sqlite, gate->db);
	if (!layout)
		return false;
	gate->slot = (void **)(void *)((char *)gate->db + layout->handler);
	gate->told = (int *)(void *)((char *)gate->db + layout->timeout);
	gate->stock = layout->stock;
	return true;
}

/* Puts ours in the place of SQLite's own handler, if that is where it should be. */
static int take_slot(const struct sqlite *sqlite, struct gate *gate, int milliseconds)
{
	int rc;

	if (!slot_holds(gate->slot, gate->stock, gate->db) || *gate->told != milliseconds)
		return SQLITE_OK;
	rc = sqlite->busy_handler(gate->db, wait_busy, gate);
	if (rc != SQLITE_OK || *gate->told != 0 || !slot_holds(gate->slot, wait_busy, gate))
		return sqlite->busy_timeout(gate->db, milliseconds);
	gate->timeout = milliseconds;
	*gate->told = milliseconds;
	return SQLITE_OK;
}

bool wait_is_ours(int (*handler)(void *, int))
{
	return handler == wait_busy;
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

void wait_prepare(struct connection *connection)
{
	const struct setting_value *way = settings_get(SETTING_BUSY_WAIT);

	if (connection->file && *connection->path && !connection->shared_cache && is_own_vfs(connection))
		connection->gate = gate_put(connection->db, connection->file, !way->keep && way->number == BUSY_WAIT_FAIR);
}

int wait_set_timeout(struct connection *connection, int milliseconds)
{
	const struct sqlite *sqlite = connection->sqlite;
	struct gate *gate = connection->gate;
	bool ours = gate && gate->fair && gate->db == connection->db && milliseconds > 0 && find_place(sqlite, gate);
	int rc = sqlite->busy_timeout(connection->db, milliseconds);

	return ours && rc == SQLITE_OK ? take_slot(sqlite, gate, milliseconds) : rc;
}

void wait_renew(struct connection *connection, int least)
{
	const struct gate *gate = connection->gate;
	int timeout;

	if (!gate || gate->db != connection->db || !gate->slot || !slot_holds(gate->slot, gate->stock, connection->db))
		return;
	timeout = *gate->told;
	wait_set_timeout(connection, timeout < least ? least : timeout);
}
