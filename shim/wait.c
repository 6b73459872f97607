/* wait.c - the busy handler, and its place in the connection. */
#include "wait.h"

#include "queue.h"
#include "turn.h"

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
/* A sqlite3 has some 700 bytes; an allocator that tells more than this does not know. */
#define SIZE_LIMIT 65536

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
	return again;
}

static bool slot_holds(void *const *slot, const void *handler, const void *argument)
{
	return slot[0] == handler && slot[1] == argument;
}

static const void *our_handler(void)
{
	return (const void *)(uintptr_t)wait_busy;
}

static void **find_slot(sqlite3 *db, size_t size, const struct gate *gate)
{
	void **word = (void **)(void *)db;

	for (size_t i = 0; i + 2 <= size / sizeof(*word); i++)
		if (slot_holds(word + i, our_handler(), gate))
			return word + i;
	return NULL;
}

/* The one int behind the slot that follows the timeout from one unlikely number to another; NULL if none or several do. */
static int *find_told(const struct sqlite *sqlite, sqlite3 *db, size_t size, void **slot)
{
	const int first = 0x3a95c7e1, second = 0x5c6a3b1e;
	int *ints = (int *)(void *)(slot + 2), *found = NULL;
	size_t count = (size_t)((char *)db + size - (char *)ints) / sizeof(*ints);
	uint64_t candidates = 0;

	if (count > 64)
		count = 64;
	sqlite->busy_timeout(db, first);
	for (size_t i = 0; i < count; i++)
		candidates |= (uint64_t)(ints[i] == first) << i;
	sqlite->busy_timeout(db, second);
	for (size_t i = 0; i < count; i++) {
		if (!(candidates >> i & 1) || ints[i] != second)
			continue;
		if (found)
			return NULL;
		found = &ints[i];
	}
	return found;
}

/* sqlite3_busy_handler() makes PRAGMA busy_timeout tell 0. To have it tell the truth, by whatever way it is asked, the number is
 * put back where SQLite keeps it. Where that is, its own functions show. False if they do not: then its own handler is to stay. */
static bool find_place(const struct sqlite *sqlite, struct gate *gate)
{
	sqlite3 *db = gate->db;
	size_t size;
	void **slot;
	int *told;

	if (gate->slot)
		return true;
	size = sqlite->msize ? (size_t)sqlite->msize(db) : 0;
	if (size > SIZE_LIMIT)
		return false;
	sqlite->busy_handler(db, wait_busy, gate);
	slot = find_slot(db, size, gate);
	told = slot ? find_told(sqlite, db, size, slot) : NULL;
	if (!told || slot[1] != db)
		return false;
	gate->stock = slot[0];
	sqlite->busy_handler(db, wait_busy, gate);
	if (*told != 0 || !slot_holds(slot, our_handler(), gate))
		return false;
	gate->slot = slot;
	gate->told = told;
	return true;
}

bool wait_is_ours(int (*handler)(void *, int))
{
	return handler == wait_busy;
}

void wait_prepare(struct connection *connection)
{
	const struct setting_value *way = settings_get(SETTING_BUSY_WAIT);

	if (!way->keep && way->number == BUSY_WAIT_FAIR && connection->file && *connection->path && !connection->shared_cache)
		connection->gate = gate_put(connection->db, connection->file);
}

int wait_set_timeout(struct connection *connection, int milliseconds)
{
	const struct sqlite *sqlite = connection->sqlite;
	struct gate *gate = connection->gate;
	bool ours = gate && gate->db == connection->db && milliseconds > 0 && find_place(sqlite, gate);
	int rc = sqlite->busy_timeout(connection->db, milliseconds);

	if (!ours || rc != SQLITE_OK || *gate->told != milliseconds)
		return rc;
	rc = sqlite->busy_handler(connection->db, wait_busy, gate);
	if (rc == SQLITE_OK) {
		gate->timeout = milliseconds;
		*gate->told = milliseconds;
	}
	return rc;
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
