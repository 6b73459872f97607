/* reservation.c - what a transaction does to have the database reserved, from its first read to its first write.
 *
 * Transactions of one thread, which cannot wait for each other, have a reservation together (join()): the first one to write, or
 * the last one to end without that, clears it. Its time is that of the one that reserved.
 *
 * Four races, which tests/model/reservation.c explores; tests/model/shared_write.c has those of the shared lock:
 * - SQLite has read the header before it asks for the read lock. If it has changed since, as while the reservation was waited for,
 *   SQLite gives the read lock back and takes it again: the reservation is kept over that (is_retried).
 * - Between a writer's look at the word and its write lock another connection may reserve: the writer looks again once it has the
 *   lock, and gives it back.
 * - That look keeps the owner of the reservation from the write lock for a moment. SQLite does not wait in a transaction that has
 *   read, so write_lock.c does.
 * - A reservation that has lapsed serves its owner still, until another connection reserves: the owner looks again once it has the
 *   write lock.
 */
#include "locking/reservation.h"

#include "base/settings.h"
#include "connection/registry.h"
#include "locking/begin_crowd.h"
#include "locking/begin_kind.h"
#include "locking/begin_watch.h"
#include "locking/busy_handler.h"
#include "locking/file_shim.h"
#include "locking/futex.h"
#include "locking/reservation_word.h"
#include "locking/reserve_all.h"

#include <string.h>

static atomic_bool any_joint; /* has a transaction ever had a reservation together with another one? */

/* Notes with which statement the transaction begins: the one that runs, if SQLite tells. False: none runs. */
static bool find_site(struct file_shim *shim)
{
	struct reservation *reservation = &shim->reservation;
	const struct sqlite *sqlite = shim->sqlite;
	sqlite3_stmt *stmt = NULL;
	const char *sql;

	reservation->site = NULL;
	reservation->site_reads = false;
	if (!sqlite->next_stmt || !sqlite->stmt_busy || !sqlite->sql)
		return true;
	while ((stmt = sqlite->next_stmt(shim->db, stmt)))
		if (sqlite->stmt_busy(stmt)) {
			sql = sqlite->sql(stmt);
			reservation->site = sql ? read_site_find(sql) : NULL;
			reservation->site_reads = sqlite->stmt_readonly && sqlite->stmt_readonly(stmt);
			return true;
		}
	return false;
}

/* How long it is to last. */
static int64_t length_of(const struct reservation *reservation)
{
	return reservation_length() * (reservation->site ? read_site_stretch(reservation->site) : 1);
}

/* Writes the word if it is still as it was seen. */
static bool write_word(struct file_shim *shim, uint32_t seen, int64_t now)
{
	return reservation_word_set(shim, seen, now, now + length_of(&shim->reservation));
}

/* The reservation is of the same thread, which cannot wait for itself: it is had together, and ends as if it were had alone. */
static int join(struct file_shim *shim, uint32_t word, int64_t now)
{
	struct reservation *reservation = &shim->reservation;

	if (reservation->policy != READ_RESERVED)
		return SQLITE_LOCKED;
	atomic_store_explicit(&any_joint, true, memory_order_relaxed);
	reservation_word_join(shim, word, now);
	return SQLITE_OK;
}

/* With the write lock, which tells that no writer is at work. Returns SQLite's code. */
static int reserve_locked(struct file_shim *shim)
{
	struct reservation *reservation = &shim->reservation;
	uint32_t seen = reservation_word(shim->handoff.shm);
	int64_t now = shim->handoff.system->now();

	if (reservation_word_blocks(shim, seen))
		return SQLITE_BUSY;
	if (reservation_lapses_at(seen, now))
		return join(shim, seen, now);
	if (reservation->policy != READ_LOCKED)
		return write_word(shim, seen, now) ? SQLITE_OK : SQLITE_BUSY;
	reservation->since = now;
	reservation->word = 0;
	return reservation_claim(shim) ? SQLITE_OK : SQLITE_BUSY;
}

/* One attempt to reserve. Returns SQLite's code. */
static int reserve(struct file_shim *shim)
{
	struct reservation *reservation = &shim->reservation;
	int64_t now = shim->handoff.tried_at;
	int rc;

	if (reservation_blocks(shim))
		return SQLITE_BUSY;
	/* again, if it waited */
	if (reservation->shares)
		shared_write_begin(shim, now + length_of(reservation), true);
	/* while the lock is shared, nobody writes who has not claimed the word */
	if (shim->shared_write.has_begun && reservation->policy == READ_RESERVED && write_word(shim, 0, now))
		return SQLITE_OK;
	rc = shared_write_lock(shim);
	if (rc != SQLITE_OK)
		return rc;
	rc = reserve_locked(shim);
	if (rc != SQLITE_OK || reservation->policy != READ_LOCKED)
		shared_write_unlock(shim);
	return rc;
}

/* Does it need no reservation, as others like it did not, or as one like it reads on after its own has lapsed? */
static bool is_learnt(const struct file_shim *shim)
{
	const struct read_site *site = shim->reservation.site;
	uint32_t word;

	if (!site || read_site_is_learnt(site))
		return site != NULL;
	word = read_site_reads(site);
	return word && reservation_has_lapsed(word, shim->handoff.system->now());
}

void reservation_acquire(struct file_shim *shim)
{
	struct reservation *reservation = &shim->reservation;
	bool gives_way = handoff_gives_way(&shim->handoff);
	int rc;

	for (int count = 0;; count++) {
		handoff_try(&shim->handoff);
		rc = gives_way && count == 0 ? SQLITE_BUSY : reserve(shim);
		if (rc != SQLITE_BUSY)
			break;
		/* who waits is not to keep programs without the library out as well: one transaction at a time does */
		shared_write_end(shim);
		handoff_refused(&shim->handoff);
		if (!busy_handler_wait(shim, WAIT_OF_RESERVATION, count) || is_learnt(shim))
			break;
	}
	if (rc != SQLITE_OK) {
		*(is_learnt(shim) ? &shim->count.learnt : &shim->count.unreserved) += 1;
		return;
	}
	handoff_acquired(&shim->handoff);
	if (reservation->policy == READ_LOCKED) {
		reservation->state = RESERVATION_LOCKED;
		holder_set_lock(&shim->holder, shim->handoff.shm, reservation->word);
	} else {
		reservation->state = RESERVATION_HELD;
		holder_set(&shim->holder, shim->handoff.shm, reservation->word);
		if (reservation->site)
			read_site_reserved(reservation->site, reservation->word);
	}
	shim->count.reserved++;
}

void reservation_header_read(struct file_shim *shim)
{
	struct reservation *reservation = &shim->reservation;

	if (reservation->policy != READ_FREELY && shim->handoff.shm && !reservation->has_header)
		memcpy(reservation->header, shim->handoff.shm, sizeof(reservation->header));
	reservation->has_header = true;
}

/* An attached database may be of a shared cache, and be read by others once its connection is closed. */
static bool in_transaction(const struct file_shim *shim)
{
	return (!shim->is_attached || registry_find(shim->db)) && !shim->sqlite->get_autocommit(shim->db);
}

static bool is_due(const struct file_shim *shim)
{
	const struct reservation *reservation = &shim->reservation;

	return reservation->policy != READ_FREELY && (reservation->state == RESERVATION_NONE || reservation->is_ahead) &&
	       !reservation->is_pending && reservation_word_is_known(shim->handoff.shm) && in_transaction(shim);
}

bool reservation_gives_way(const struct file_shim *shim)
{
	return shim->handoff.yield_until && !shim->reservation.is_ahead && is_due(shim) && busy_handler_kind(shim) == BUSY_BY_US;
}

void reservation_before_read(struct file_shim *shim)
{
	struct reservation *reservation = &shim->reservation;

	reservation->is_retried = false;
	if (!is_due(shim))
		return;
	/* SQLite looks whether the schema has changed as it prepares a statement, and ends that read at once */
	if (!find_site(shim))
		return;
	reservation->is_reading = reservation->is_pending = true;
	shim->count.begun++;
	if (reservation->shares)
		begin_crowd_look(shim, monotonic_tick());
	if (reservation->is_ahead) {
		reservation->is_ahead = false;
	} else if (is_learnt(shim)) {
		shim->count.learnt++;
		shared_write_end(shim);
	} else {
		if (shim->is_of_many)
			reserve_all(shim);
		else
			reservation_acquire(shim);
		if (reservation->shares && !shim->shared_write.has_begun && !is_learnt(shim))
			shared_write_begin(shim, shim->handoff.system->now() + length_of(reservation), true);
	}
	reservation->is_retried = memcmp(reservation->header, shim->handoff.shm, sizeof(reservation->header)) != 0;
	begin_watch_rests(shim);
}

static void longest(int64_t *record, int64_t time)
{
	if (*record < time)
		*record = time;
}

static void forget(struct file_shim *shim)
{
	shim->reservation.state = RESERVATION_NONE;
	holder_set(&shim->holder, NULL, 0);
	longest(&shim->count.longest_reserved, shim->handoff.system->now() - shim->reservation.since);
}

/* Does another transaction have the same reservation, which has not written? */
static bool is_joint(const struct file_shim *shim)
{
	return atomic_load_explicit(&any_joint, memory_order_relaxed) && shim->handoff.shm &&
	       holder_find(&shim->holder, shim->handoff.shm, shim->reservation.word) != HOLDER_ELSEWHERE;
}

static void drop(struct file_shim *shim)
{
	forget(shim);
	reservation_word_clear(shim);
}

static void unlock(struct file_shim *shim)
{
	shim->reservation.state = RESERVATION_NONE;
	holder_set(&shim->holder, NULL, 0);
	reservation_unclaim(shim);
	shared_write_unlock(shim);
	handoff_pass_on(&shim->handoff);
}

void reservation_begun(struct file_shim *shim)
{
	if (shim->reservation.state == RESERVATION_NONE && !shim->has_read_lock && reservation_word_is_known(shim->handoff.shm))
		reservation_acquire(shim);
}

void reservation_ended(struct file_shim *shim)
{
	if (shim->reservation.state == RESERVATION_LOCKED && !shim->has_read_lock)
		unlock(shim);
}

void reservation_give_back(struct file_shim *shim)
{
	if (shim->reservation.state == RESERVATION_NONE)
		return;
	handoff_releasing(&shim->handoff);
	if (shim->reservation.state == RESERVATION_LOCKED) {
		unlock(shim);
		return;
	}
	forget(shim);
	if (is_joint(shim))
		return;
	if (reservation_word_clear(shim))
		handoff_pass_on(&shim->handoff);
	else
		shim->count.lapsed++;
}

/* Has it read on after its reservation had lapsed, and has another connection committed? */
static bool is_outlasted(const struct file_shim *shim)
{
	const struct reservation *reservation = &shim->reservation;

	return reservation->state == RESERVATION_HELD && handoff_changes(&shim->handoff) != shim->handoff.changes &&
	       !reservation_lapses_at(reservation->word, shim->handoff.system->now());
}

void reservation_after_read(struct file_shim *shim)
{
	struct reservation *reservation = &shim->reservation;
	uint32_t word = reservation->state == RESERVATION_HELD ? reservation->word : 0;

	if (reservation->is_retried) {
		reservation->is_retried = false;
		return;
	}
	if (reservation->is_reading)
		shared_write_end(shim);
	if (reservation->is_reading && shim->is_of_many)
		reserve_all_end(shim);
	reservation->is_reading = false;
	if (reservation->is_pending && reservation->site)
		read_site_only_read(reservation->site, word, is_outlasted(shim));
	reservation->is_pending = false;
	reservation->site = NULL;
	reservation_give_back(shim);
}

void reservation_read_failed(struct file_shim *shim)
{
	shim->reservation.is_retried = false;
	/* nothing is to be learnt from it */
	if (shim->reservation.site)
		read_site_failed(shim->reservation.site, shim->reservation.word);
	shim->reservation.site = NULL;
	reservation_after_read(shim);
}

void reservation_renew(struct file_shim *shim)
{
	struct reservation *reservation = &shim->reservation;
	int64_t until = shim->handoff.system->now() + length_of(reservation);

	if (reservation->state == RESERVATION_HELD && reservation_word_renew(shim, until))
		holder_set(&shim->holder, shim->handoff.shm, reservation->word);
}

void reservation_wait_out(struct file_shim *shim)
{
	for (int count = 0; reservation_blocks(shim); count++) {
		handoff_refused(&shim->handoff);
		if (!busy_handler_wait(shim, WAIT_OF_RESERVATION, count))
			return;
	}
}

bool reservation_before_write(struct file_shim *shim)
{
	struct reservation *reservation = &shim->reservation;

	if (reservation->is_pending && reservation->site)
		read_site_wrote(reservation->site);
	if (reservation->is_pending && reservation->kind)
		begin_kind_wrote(reservation->kind);
	if (reservation->state != RESERVATION_HELD)
		return false;
	if (reservation_word(shim->handoff.shm) == reservation->word && handoff_changes(&shim->handoff) == shim->handoff.changes)
		return true;
	/* not where it was in force still, and one of the same thread has written: it was long enough */
	if (reservation->site && !reservation_lapses_at(reservation->word, shim->handoff.system->now()))
		read_site_lapsed(reservation->site);
	drop(shim);
	shim->count.lapsed++;
	return false;
}

void reservation_written(struct file_shim *shim)
{
	struct reservation *reservation = &shim->reservation;

	reservation->is_pending = false;
	reservation->site = NULL;
	atomic_store_explicit(&shim->idle_lock.due, IDLE_LOCK_NEVER, memory_order_relaxed);
	if (reservation->state != RESERVATION_HELD)
		return;
	/* who has the lock to itself needs no claim, but others who look find one for less than they find the lock taken */
	if (shim->shared_write.hold != WRITE_SHARED &&
	    (shim->shared_write.hold != WRITE_OWN || !handoff_has_seen_waiters(&shim->handoff))) {
		drop(shim);
		return;
	}
	reservation->state = RESERVATION_NONE;
	reservation->claim = reservation->word;
	reservation->claim_forks = reservation->forks;
	longest(&shim->count.longest_reserved, shim->handoff.system->now() - reservation->since);
}
