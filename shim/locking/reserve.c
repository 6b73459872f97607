/* reserve.c - one attempt after the other, until the reservation is had, or there is no point in waiting any more. */
#include "locking/reserve.h"

#include "locking/busy_handler.h"
#include "locking/file_shim.h"
#include "locking/site_locks.h"

bool reserve_find_site(struct file_shim *shim)
{
	struct reservation *reservation = &shim->reservation;
	const struct sqlite *sqlite = shim->sqlite;
	sqlite3_stmt *stmt = NULL;
	const char *sql;

	reservation->site = reservation->next_site;
	reservation->site_reads = reservation->next_reads;
	reservation->next_site = NULL;
	if (reservation->site)
		return true;
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

int64_t reserve_length(const struct reservation *reservation)
{
	return reservation_length() * (reservation->site ? read_site_stretch(reservation->site) : 1);
}

/* Writes the word if it is still as it was seen. */
static bool write_word(struct file_shim *shim, uint32_t seen, int64_t now)
{
	site_memory_read(shim, seen);
	return reservation_word_set(shim, seen, now, now + site_lock_length(shim, reserve_length(&shim->reservation)));
}

/* The reservation is of the same thread, which cannot wait for itself: it is had together, and ends as if it were had alone. */
static int join(struct file_shim *shim, uint32_t word, int64_t now)
{
	struct reservation *reservation = &shim->reservation;

	if (reservation->policy != READ_RESERVED)
		return SQLITE_LOCKED;
	reservation_word_join(shim, word, now);
	return SQLITE_OK;
}

/* With the write lock, which tells that no writer is at work. Returns SQLite's code. */
static int reserve_locked(struct file_shim *shim)
{
	struct reservation *reservation = &shim->reservation;
	uint32_t seen = reservation_word(shim->handoff.shm);
	int64_t now;

	if (reservation_word_blocks(shim, seen))
		return SQLITE_BUSY;
	/* afterwards: one that has lapsed between two looks is not joined */
	now = shim->handoff.system->now();
	if (reservation_lapses_at(seen, now))
		return join(shim, seen, now);
	if (reservation->policy != READ_LOCKED)
		return write_word(shim, seen, now) ? SQLITE_OK : SQLITE_BUSY;
	reservation->since = now;
	reservation->word = 0;
	return reservation_claim(shim) ? SQLITE_OK : SQLITE_BUSY;
}

/* One attempt to reserve. Returns SQLite's code. */
static int try(struct file_shim *shim)
{
	struct reservation *reservation = &shim->reservation;
	int64_t now = shim->handoff.tried_at;
	int rc;

	if (reservation_blocks(shim))
		return SQLITE_BUSY;
	/* again, if it waited */
	if (reservation->shares)
		shared_write_begin(shim, now + reserve_length(reservation), true);
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

bool reserve_is_learnt(const struct file_shim *shim)
{
	const struct read_site *site = shim->reservation.site;
	uint32_t word;

	if (!site || read_site_is_learnt(site))
		return site != NULL;
	word = read_site_reads(site);
	return word && reservation_has_lapsed(word, shim->handoff.system->now());
}

void reserve_file(struct file_shim *shim)
{
	struct reservation *reservation = &shim->reservation;
	bool gives_way = handoff_gives_way(&shim->handoff);
	int rc;

	for (int count = 0;; count++) {
		handoff_try(&shim->handoff);
		rc = gives_way && count == 0 ? SQLITE_BUSY : try(shim);
		if (rc != SQLITE_BUSY)
			break;
		/* who waits is not to keep programs without the library out as well: one transaction at a time does */
		shared_write_end(shim);
		handoff_refused(&shim->handoff);
		if (!busy_handler_wait(shim, WAIT_OF_RESERVATION, count) || reserve_is_learnt(shim))
			break;
	}
	if (rc != SQLITE_OK) {
		*(reserve_is_learnt(shim) ? &shim->count.learnt : &shim->count.unreserved) += 1;
		return;
	}
	handoff_acquired(&shim->handoff);
	site_memory_waited(shim);
	if (reservation->policy == READ_LOCKED) {
		reservation->state = RESERVATION_LOCKED;
		holder_set_lock(&shim->holder, shim->handoff.shm, reservation->word);
	} else {
		reservation->state = RESERVATION_HELD;
		holder_set(&shim->holder, shim->handoff.shm, reservation->word);
		if (reservation->site)
			read_site_reserved(reservation->site, reservation->word);
		site_lock_take(shim);
	}
	shim->count.reserved++;
}
