/* reservation.c - reservations, in the last four bytes of the -shm that SQLite keeps for locks and never reads or writes.
 *
 * The word is 0, or the time of CLOCK_MONOTONIC in milliseconds, modulo 2^32, at which the reservation lapses. A time that has
 * passed, or is more than a minute away, is none: so is whatever a crash or another time namespace left there. It is set over 0 or
 * a word that has lapsed, and cleared by its owner alone, who is
 * - a transaction that reserves. It holds the write lock for that moment, which tells that nobody writes; or it shares the lock
 * since its BEGIN (shared_write.h), and finds 0;
 * - a connection that writes and shares the lock: it claims the word, so that 0 tells the others that nobody writes.
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
#include "locking/begin_watch.h"
#include "locking/busy_handler.h"
#include "locking/file_shim.h"
#include "locking/futex.h"
#include "locking/reserve_all.h"

#include <string.h>

#define RESERVATION 124
#define FORMAT 3007000 /* of the -shm: at its start */

#define MILLISECOND INT64_C(1000000)
#define LONGEST 60000 /* milliseconds: as SQLPROD_RESERVE allows */

static atomic_uint forks;
static atomic_bool any_joint; /* has a transaction ever had a reservation together with another one? */

void reservation_forked(void)
{
	atomic_fetch_add(&forks, 1);
}

int64_t reservation_length(void)
{
	return settings_get(SETTING_RESERVE)->number * MILLISECOND;
}

static _Atomic uint32_t *place_of(const char *shm)
{
	return (_Atomic uint32_t *)(uintptr_t)(shm + RESERVATION);
}

static bool is_known(const char *shm)
{
	return shm && *(const volatile uint32_t *)(const volatile void *)shm == FORMAT;
}

uint32_t reservation_word(const char *shm)
{
	return is_known(shm) ? atomic_load(place_of(shm)) : 0;
}

int64_t reservation_lapses_at(uint32_t word, int64_t now)
{
	uint32_t left = word - (uint32_t)(now / MILLISECOND);

	return word && left > 0 && left <= LONGEST ? now - now % MILLISECOND + left * MILLISECOND : 0;
}

static bool has_reservation(const struct reservation *reservation)
{
	return reservation->state == RESERVATION_HELD;
}

static bool blocks(const struct file_shim *shim, uint32_t word)
{
	if (!word || !reservation_lapses_at(word, shim->handoff.system->now()))
		return false;
	if (has_reservation(&shim->reservation) && word == shim->reservation.word)
		return false;
	return holder_find(&shim->holder, shim->handoff.shm, word) != HOLDER_OF_THREAD;
}

bool reservation_blocks(struct file_shim *shim)
{
	return blocks(shim, reservation_word(shim->handoff.shm));
}

static uint32_t word_until(int64_t time)
{
	uint32_t word = (uint32_t)(time / MILLISECOND);

	return word ? word : 1;
}

bool reservation_claim(struct file_shim *shim)
{
	struct reservation *reservation = &shim->reservation;
	uint32_t seen = reservation_word(shim->handoff.shm), word;

	if (shim->shared_write.hold != WRITE_SHARED || !is_known(shim->handoff.shm))
		return !blocks(shim, seen);
	word = word_until(shim->handoff.system->now() + reservation_length());
	do {
		if (blocks(shim, seen))
			return false;
	} while (!atomic_compare_exchange_weak(place_of(shim->handoff.shm), &seen, word));
	reservation->claim = word;
	reservation->claim_forks = atomic_load_explicit(&forks, memory_order_relaxed);
	return true;
}

void reservation_unclaim(struct file_shim *shim)
{
	struct reservation *reservation = &shim->reservation;
	uint32_t word = reservation->claim;

	reservation->claim = 0;
	if (word && shim->handoff.shm && reservation->claim_forks == atomic_load_explicit(&forks, memory_order_relaxed))
		atomic_compare_exchange_strong(place_of(shim->handoff.shm), &word, 0);
}

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
	struct reservation *reservation = &shim->reservation;
	uint32_t word = word_until(now + length_of(reservation));

	if (!atomic_compare_exchange_strong(place_of(shim->handoff.shm), &seen, word))
		return false;
	reservation->word = word;
	reservation->since = now;
	reservation->forks = atomic_load_explicit(&forks, memory_order_relaxed);
	return true;
}

/* The reservation is of the same thread, which cannot wait for itself: it is had together, and ends as if it were had alone. */
static int join(struct file_shim *shim, uint32_t word, int64_t now)
{
	struct reservation *reservation = &shim->reservation;

	if (reservation->policy != READ_RESERVED)
		return SQLITE_LOCKED;
	atomic_store_explicit(&any_joint, true, memory_order_relaxed);
	reservation->word = word;
	reservation->since = now;
	reservation->forks = atomic_load_explicit(&forks, memory_order_relaxed);
	return SQLITE_OK;
}

/* With the write lock, which tells that no writer is at work. Returns SQLite's code. */
static int reserve_locked(struct file_shim *shim)
{
	struct reservation *reservation = &shim->reservation;
	uint32_t seen = reservation_word(shim->handoff.shm);
	int64_t now = shim->handoff.system->now();

	if (blocks(shim, seen))
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
		if (!busy_handler_wait(shim, WAIT_OF_RESERVATION, count))
			break;
	}
	if (rc != SQLITE_OK) {
		shim->count.unreserved++;
		return;
	}
	handoff_acquired(&shim->handoff);
	if (reservation->policy == READ_LOCKED) {
		reservation->state = RESERVATION_LOCKED;
		holder_set_lock(&shim->holder, shim->handoff.shm, reservation->word);
	} else {
		reservation->state = RESERVATION_HELD;
		holder_set(&shim->holder, shim->handoff.shm, reservation->word);
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
	       !reservation->is_pending && is_known(shim->handoff.shm) && in_transaction(shim);
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
	} else if (reservation->site && read_site_is_learnt(reservation->site)) {
		shim->count.learnt++;
		shared_write_end(shim);
	} else {
		if (shim->is_of_many)
			reserve_all(shim);
		else
			reservation_acquire(shim);
		if (reservation->shares && !shim->shared_write.has_begun)
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

/* Takes the word away, and says whether it was still there. */
static bool clear(struct file_shim *shim)
{
	const struct reservation *reservation = &shim->reservation;
	uint32_t word = reservation->word;

	/* a forked child that closes what it inherited must leave its parent's alone */
	return shim->handoff.shm && reservation->forks == atomic_load_explicit(&forks, memory_order_relaxed) &&
	       atomic_compare_exchange_strong(place_of(shim->handoff.shm), &word, 0);
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
	clear(shim);
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
	if (shim->reservation.state == RESERVATION_NONE && !shim->has_read_lock && is_known(shim->handoff.shm))
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
	if (clear(shim))
		handoff_pass_on(&shim->handoff);
	else
		shim->count.lapsed++;
}

void reservation_after_read(struct file_shim *shim)
{
	struct reservation *reservation = &shim->reservation;

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
		read_site_only_read(reservation->site);
	reservation->is_pending = false;
	reservation->site = NULL;
	reservation_give_back(shim);
}

void reservation_read_failed(struct file_shim *shim)
{
	shim->reservation.is_retried = false;
	/* nothing is to be learnt from it */
	shim->reservation.site = NULL;
	reservation_after_read(shim);
}

void reservation_renew(struct file_shim *shim)
{
	struct reservation *reservation = &shim->reservation;
	uint32_t seen = reservation->word, word = word_until(shim->handoff.system->now() + length_of(reservation));

	if (!has_reservation(reservation) || !atomic_compare_exchange_strong(place_of(shim->handoff.shm), &seen, word))
		return;
	reservation->word = word;
	holder_set(&shim->holder, shim->handoff.shm, word);
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
	if (!has_reservation(reservation))
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
	if (!has_reservation(reservation))
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
