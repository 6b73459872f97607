/* write_lock.c - the write lock: whose turn it is, who has the database reserved, and the BEGIN that is to take no lock. */
#include "locking/write_lock.h"

#include "connection/registry.h"
#include "locking/begin_mode.h"
#include "locking/busy_handler.h"
#include "locking/file_shim.h"
#include "locking/futex.h"
#include "locking/plain_begin.h"
#include "locking/snapshot.h"
#include "locking/wait_log.h"

#include <string.h>

#define MILLISECOND INT64_C(1000000)

/* How long the owner of a reservation waits at least for another connection's look at the lock, and how soon it tries again at
 * first, and at last. The other one needs microseconds, unless it has no processor or is stopped. */
#define LOOK (40 * MILLISECOND)
#define LOOK_AGAIN (MILLISECOND / 50)
#define LOOK_AGAIN_MAX (5 * MILLISECOND)

/* Where the connection's own wait is as short as this, it waits for another's reservation of the usual length to its end. */
#define OUTLASTED (1000 * MILLISECOND)

/* A transaction that held the lock for less was in nobody's way. */
#define NOTICED (2 * MILLISECOND)

/* A transaction that let more time pass between BEGIN and its first statement was idle. */
#define IDLE (100 * MILLISECOND)

/* SQLite's own sleep is at most 100 ms: a BEGIN whose time is up by then does not wait again. */
#define SQLITE_SLEEP (150 * MILLISECOND)

/* SQLite also takes the lock to checkpoint, and to read the WAL anew after a crash. */
static bool is_transaction(const struct file_shim *shim)
{
	return shim->has_read_lock && !shim->reset_guard.checkpoints;
}

static int refuse(struct file_shim *shim)
{
	handoff_refused(&shim->handoff);
	return SQLITE_BUSY;
}

bool write_lock_gives_way(const struct file_shim *shim)
{
	const struct sqlite *sqlite = shim->sqlite;
	sqlite3_stmt *stmt = NULL, *runs = NULL;

	if (!shim->handoff.yield_until || !sqlite->stmt_readonly || snapshot_is_kept(shim) || busy_handler_kind(shim) != BUSY_BY_US)
		return false;
	while (!runs && sqlite->next_stmt && sqlite->stmt_busy && (stmt = sqlite->next_stmt(shim->db, stmt)))
		runs = sqlite->stmt_busy(stmt) ? stmt : NULL;
	return runs && !sqlite->stmt_readonly(runs);
}

/* For so long the reservation of a transaction that wants to write is renewed, as the connection waits for locks: while it shares
 * the lock nobody without the library can have it, nor anybody else write. */
static int64_t renewed_for(const struct file_shim *shim)
{
	const struct connection *connection = registry_find(shim->db);
	bool may_go_on = holder_find(&shim->holder, shim->handoff.shm, 0) <= HOLDER_IN_PROCESS;

	return shim->shared_write.has_begun && may_go_on && connection ? connection->busy.timeout * MILLISECOND : 0;
}

/* While the reservation is in force, connections with the library only look. One that is stopped in the midst of that keeps all
 * others out, so that a reservation which goes on costs nobody anything. */
static int wait_out_look(struct file_shim *shim)
{
	int64_t now = monotonic_now(), began = now, again = LOOK_AGAIN;
	int rc = SQLITE_BUSY;

	while (rc == SQLITE_BUSY &&
	       (now - began < LOOK || (reservation_lapses_at(shim->reservation.word, now) && !busy_wait_is_interrupted(shim)))) {
		if (now - began > LOOK && now - began < renewed_for(shim))
			reservation_renew(shim);
		monotonic_sleep(now + again);
		rc = shared_write_lock(shim);
		now = monotonic_now();
		again = again < LOOK_AGAIN_MAX ? again * 2 : again;
	}
	return rc;
}

/* SQLITE_LOCKED if the reservation had lapsed, and another connection has one by now. */
static int acquire_reserved(struct file_shim *shim)
{
	int rc = shared_write_lock_own(shim) ? SQLITE_OK : shared_write_lock(shim);

	if (rc == SQLITE_BUSY && holder_find(&shim->holder, shim->handoff.shm, 0) != HOLDER_OF_THREAD)
		rc = wait_out_look(shim);
	if (rc == SQLITE_BUSY)
		rc = snapshot_wait_for_checkpoint(shim);
	if (rc == SQLITE_OK && !reservation_before_write(shim)) {
		shared_write_unlock(shim);
		return SQLITE_LOCKED;
	}
	return rc;
}

/* Might the connection's own wait be over before the reservation is, though that is soon? */
static bool waits_briefly(const struct file_shim *shim)
{
	const struct connection *connection = registry_find(shim->db);
	int64_t now = monotonic_now();

	return reservation_lapses_at(reservation_word(shim->handoff.shm), now) <= now + OUTLASTED &&
	       (!connection || connection->busy.handler || connection->busy.unknown ||
		connection->busy.timeout * MILLISECOND <= OUTLASTED);
}

/* Nobody has the lock: without the library the program would have met nothing, however short its own wait is. */
static void outlast_reservation(struct file_shim *shim)
{
	int64_t began = monotonic_now(), now = began, until = began + OUTLASTED, lapse;

	for (; now < until && reservation_blocks(shim) && !busy_wait_is_interrupted(shim); now = monotonic_now()) {
		lapse = reservation_lapses_at(reservation_word(shim->handoff.shm), now);
		handoff_refused(&shim->handoff);
		handoff_wait(&shim->handoff, began, lapse && lapse < until ? lapse : until);
	}
}

/* Not for long; false if there is one still. */
static bool wait_for_reservation(struct file_shim *shim)
{
	bool is_brief = waits_briefly(shim);

	if (is_brief || snapshot_is_kept(shim))
		reservation_wait_out(shim);
	if (is_brief)
		outlast_reservation(shim);
	return !reservation_blocks(shim);
}

static int acquire_unreserved(struct file_shim *shim)
{
	bool gives_way;
	int rc;

	if (reservation_blocks(shim) && !wait_for_reservation(shim))
		return refuse(shim);
	/* whoever was woken goes first, and this one waits as if it had been refused */
	gives_way = is_transaction(shim) && write_lock_gives_way(shim) && handoff_gives_way(&shim->handoff);
	handoff_try(&shim->handoff);
	rc = gives_way ? SQLITE_BUSY : shared_write_lock(shim);
	if (rc == SQLITE_BUSY && is_transaction(shim))
		rc = snapshot_wait(shim);
	if (rc == SQLITE_BUSY)
		return refuse(shim);
	if (rc == SQLITE_OK && !reservation_claim(shim)) {
		shared_write_unlock(shim);
		return refuse(shim);
	}
	if (rc == SQLITE_OK) {
		handoff_acquired(&shim->handoff);
		site_memory_waited(shim);
		shim->count.immediate += is_transaction(shim) && !shim->reservation.is_pending;
		shim->count.begun += is_transaction(shim) && !shim->reservation.is_pending;
	}
	return rc;
}

static int acquire(struct file_shim *shim)
{
	int rc = SQLITE_LOCKED;

	if (shim->reservation.state == RESERVATION_LOCKED) {
		shim->reservation.state = RESERVATION_NONE;
		rc = SQLITE_OK;
	} else if (reservation_before_write(shim)) {
		rc = acquire_reserved(shim);
	}
	if (rc == SQLITE_LOCKED)
		rc = acquire_unreserved(shim);
	if (rc != SQLITE_OK)
		return rc;
	reservation_written(shim);
	shim->count.write_locks++;
	holder_set_lock(&shim->holder, shim->handoff.shm, shim->reservation.claim);
	return SQLITE_OK;
}

/* The BEGIN that runs is to take no lock. One that the program has interrupted fails: as it is compiled anew, SQLite would forget
 * that. */
static int make_plain(struct file_shim *shim)
{
	enum holder_kind kind = holder_find(&shim->holder, shim->handoff.shm, 0);

	if (busy_wait_is_interrupted(shim))
		return SQLITE_INTERRUPT;
	if (kind != HOLDER_ELSEWHERE)
		begin_mode_reserve(shim->begin_mode, file_shim_path(shim), "BEGIN waited for another connection of this process");
	return plain_begin_make(shim);
}

/* SQLite itself waits, and would give up: is it to wait on? */
static bool sqlite_waits_on(struct file_shim *shim)
{
	const struct connection *connection = registry_find(shim->db);
	struct busy_wait *wait = &shim->busy;
	int64_t now = monotonic_now(), patience = reservation_length();

	if (connection && !connection->busy.unknown && connection->busy.timeout * MILLISECOND - SQLITE_SLEEP < patience)
		patience = connection->busy.timeout * MILLISECOND - SQLITE_SLEEP;
	if (now - wait->ended > patience + SQLITE_SLEEP)
		wait->began[WAIT_OF_BEGIN] = now;
	wait->ended = now;
	return now - wait->began[WAIT_OF_BEGIN] < patience;
}

/* The lock was refused to a BEGIN that the library made immediate. It waits as the connection waits, and does not fail. */
static int begin_refused(struct file_shim *shim, bool under_cursor)
{
	bool is_plain = shim->begin_is_plain || under_cursor;
	int rc = SQLITE_BUSY;

	shim->begin_is_plain = false;
	switch (busy_handler_kind(shim)) {
	case BUSY_BY_US:
		return is_plain ? make_plain(shim) : SQLITE_BUSY;
	case BUSY_BY_SQLITE:
		return is_plain || !sqlite_waits_on(shim) ? make_plain(shim) : SQLITE_BUSY;
	case BUSY_BY_PROGRAM:
		for (int count = 0; !is_plain && rc == SQLITE_BUSY && busy_handler_wait(shim, WAIT_OF_BEGIN, count); count++)
			rc = acquire(shim);
		return rc == SQLITE_BUSY ? make_plain(shim) : rc;
	default:
		return make_plain(shim);
	}
}

int write_lock_acquire(struct file_shim *shim)
{
	bool under_cursor;
	int rc;

	if (!shim->may_make_plain)
		return acquire(shim);
	if (begin_mode_reserves(shim->begin_mode)) {
		rc = plain_begin_make(shim);
		if (rc == SQLITE_SCHEMA)
			return rc;
	}
	rc = acquire(shim);
	if (rc == SQLITE_BUSY && plain_begin_runs(shim, &under_cursor))
		return begin_refused(shim, under_cursor);
	/* On the snapshot of another statement, which is out of date, it could only fail. */
	if (rc == SQLITE_OK && handoff_changes(&shim->handoff) != shim->snapshot && plain_begin_runs(shim, &under_cursor) &&
	    under_cursor) {
		write_lock_release(shim);
		return plain_begin_make(shim);
	}
	return rc;
}

static void longest(int64_t *record, int64_t time)
{
	if (*record < time)
		*record = time;
}

/* The lock was held for so long. Programs without the library are not seen to wait. */
static void learn(struct file_shim *shim, int64_t held, bool changed, bool others_waited)
{
	if (!shim->may_make_plain)
		return;
	if (others_waited && held > NOTICED && !changed)
		begin_mode_reserve(shim->begin_mode, file_shim_path(shim),
				   "a transaction held the write lock while others waited, and wrote nothing");
	else if (others_waited && shim->idled > IDLE)
		begin_mode_reserve(shim->begin_mode, file_shim_path(shim), "a transaction idled after BEGIN while others waited");
	else if ((held > reservation_length() && !changed) || shim->idled > reservation_length())
		begin_mode_reserve(shim->begin_mode, file_shim_path(shim),
				   "a transaction idled after BEGIN, or only read, for longer than SQLPROD_RESERVE");
}

int write_lock_release(struct file_shim *shim)
{
	struct handoff *handoff = &shim->handoff;
	bool changed;
	int64_t held;
	int rc;

	handoff_releasing(handoff);
	changed = handoff->release == RELEASED_CHANGED;
	holder_set(&shim->holder, NULL, 0);
	if (changed && shim->shared_write.hold == WRITE_ALONE && reservation_word(handoff->shm))
		reservation_word_committed(shim);
	reservation_unclaim(shim);
	rc = shared_write_unlock(shim);
	handoff_released(handoff);
	if (!is_transaction(shim))
		return rc;
	held = handoff->released_at - handoff->acquired_at;
	shim->count.wrote += changed;
	shim->count.only_read += !changed;
	longest(changed ? &shim->count.longest_wrote : &shim->count.longest_only_read, held);
	learn(shim, held, changed, handoff_woke_waiter(handoff));
	wait_log_released(shim, held, changed, handoff_woke_waiter(handoff));
	shim->idled = 0;
	return rc;
}

void write_lock_used(struct file_shim *shim)
{
	bool has_lock = atomic_load_explicit(&shim->holder.holds, memory_order_relaxed) != NULL;

	if (shim->journal_write.began)
		shim->idled = monotonic_now() - shim->journal_write.began;
	else
		shim->idled =
			has_lock && shim->reservation.state == RESERVATION_NONE ? monotonic_now() - shim->handoff.acquired_at : 0;
}

/* Change counter, size, and the list of free pages. */
#define COUNTERS 24

static bool read_counters(const struct file_shim *shim, char *counters)
{
	return shim->original->xRead(shim->file, counters, sizeof(shim->journal_write.counters), COUNTERS) == SQLITE_OK;
}

static bool is_no_writer_of_thread(struct file_shim *other, void *argument)
{
	return !file_shim_is_of_thread(argument, other) || !other->journal_write.began;
}

int write_lock_reserve(struct file_shim *shim)
{
	struct journal_write *write = &shim->journal_write;
	int rc = SQLITE_BUSY;

	if (shim->handoff.shm || !shim->may_make_plain)
		return shim->original->xLock(shim->file, SQLITE_LOCK_RESERVED);
	if (!begin_mode_reserves(shim->begin_mode) && !wal_files_each(is_no_writer_of_thread, shim))
		begin_mode_reserve(shim->begin_mode, file_shim_path(shim), "two connections of one thread want the write lock");
	if (begin_mode_reserves(shim->begin_mode))
		rc = plain_begin_make(shim);
	if (rc == SQLITE_SCHEMA)
		return rc;
	rc = shim->original->xLock(shim->file, SQLITE_LOCK_RESERVED);
	if (rc != SQLITE_OK || write->began)
		return rc;
	write->began = read_counters(shim, write->counters) ? monotonic_now() : 0;
	write->met_readers = false;
	shim->idled = 0;
	return rc;
}

void write_lock_unreserve(struct file_shim *shim)
{
	struct journal_write *write = &shim->journal_write;
	char counters[sizeof(write->counters)];
	bool changed = !read_counters(shim, counters) || memcmp(counters, write->counters, sizeof(counters)) != 0;

	learn(shim, monotonic_now() - write->began, changed, write->met_readers);
	write->began = 0;
	shim->idled = 0;
}
