/* reservation.c - what a transaction does to have the database reserved, from its first read to its first write.
 *
 * Transactions of one thread, which cannot wait for each other, have a reservation together (reserve.c): the first one to write, or
 * the last one to end without that, clears it. Its time is that of the one that reserved, unless one of them renews it.
 *
 * Races, which tests/model/reservation.c explores; tests/model/shared_write.c has those of the shared lock:
 * - SQLite has read the header before it asks for the read lock. If it has changed since, as while the reservation was waited for,
 *   SQLite reads it again, before it takes the read lock or after it has given that back: the reservation is kept over that
 *   (is_retried).
 * - Between a writer's look at the word and its write lock another connection may reserve: the writer looks again once it has the
 *   lock, and gives it back.
 * - That look keeps the owner of the reservation from the write lock for a moment. SQLite does not wait in a transaction that has
 *   read, so write_lock.c does.
 * - A reservation that has lapsed serves its owner still, until another connection reserves: the owner looks again once it has the
 *   write lock.
 * - Words of the same millisecond are equal: who ends by its write, or renews, what it has with a partner changes the partner's
 *   record, too, so that this one takes no other's word for its own.
 * - A forked child has a copy of its parent's records: it forgets them, or it would take its parent for another connection of its
 *   own thread.
 */
#include "locking/reservation.h"

#include "connection/registry.h"
#include "locking/begin_crowd.h"
#include "locking/begin_kind.h"
#include "locking/begin_watch.h"
#include "locking/busy_handler.h"
#include "locking/file_shim.h"
#include "locking/futex.h"
#include "locking/reserve.h"
#include "locking/reserve_all.h"
#include "locking/site_locks.h"

#include <string.h>

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
	if (!reserve_find_site(shim))
		return;
	reservation->is_reading = reservation->is_pending = true;
	shim->count.begun++;
	if (reservation->shares)
		begin_crowd_look(shim, monotonic_tick());
	if (reservation->is_ahead) {
		reservation->is_ahead = false;
	} else if (reserve_is_learnt(shim)) {
		shim->count.learnt++;
		shared_write_end(shim);
	} else {
		if (shim->is_of_many && reservation->policy == READ_RESERVED)
			reserve_all(shim);
		else
			reserve_file(shim);
		if (reservation->shares && !shim->shared_write.has_begun && !reserve_is_learnt(shim))
			shared_write_begin(shim, shim->handoff.system->now() + reserve_length(reservation), true);
	}
	reservation->is_retried = memcmp(reservation->header, shim->handoff.shm, sizeof(reservation->header)) != 0;
	begin_watch_rests(shim);
}

bool reservation_reads_anew(struct file_shim *shim)
{
	bool anew = shim->reservation.is_retried;

	shim->reservation.is_retried = false;
	return anew;
}

static void longest(int64_t *record, int64_t time)
{
	if (*record < time)
		*record = time;
}

/* Before the word is cleared: who finds the statement's lock then takes it for one that has outlasted its reservation. */
static void forget(struct file_shim *shim)
{
	if (shim->reservation.site_lock)
		site_lock_release(shim);
	shim->reservation.state = RESERVATION_NONE;
	shim->reservation.word = reservation_word_own(shim);
	holder_set(&shim->holder, NULL, 0);
	longest(&shim->count.longest_reserved, shim->handoff.system->now() - shim->reservation.since);
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
		reserve_file(shim);
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
	if (reservation_word_is_joint(shim))
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
	int64_t until = shim->handoff.system->now() + reserve_length(reservation);

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
	uint32_t word;

	if (reservation->state == RESERVATION_HELD)
		site_lock_wrote(shim);
	if (reservation->is_pending && reservation->site)
		read_site_wrote(reservation->site);
	if (reservation->is_pending && reservation->kind)
		begin_kind_wrote(reservation->kind);
	if (reservation->state != RESERVATION_HELD)
		return false;
	word = reservation_word_own(shim);
	if (word && reservation_word(shim->handoff.shm) == word && handoff_changes(&shim->handoff) == shim->handoff.changes) {
		reservation->word = word;
		return true;
	}
	/* not where it was in force still, and one of the same thread has written: it was long enough */
	if (reservation->site && !reservation_lapses_at(reservation->word, shim->handoff.system->now()))
		read_site_lapsed(reservation->site);
	forget(shim);
	if (!reservation_word_is_joint(shim))
		reservation_word_clear(shim);
	site_memory_leave(shim);
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
