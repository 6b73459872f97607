/* busy_deadline.c - until when a lock is waited for: by timeouts, by who holds it, and by whether it moves. */
#include "locking/busy_deadline.h"

#include "base/threads.h"
#include "connection/registry.h"
#include "locking/begin_mode.h"
#include "locking/file_shim.h"
#include "locking/futex.h"
#include "locking/lock_owner.h"

#define MILLISECOND INT64_C(1000000)
#define ROAMING_PART 8

bool busy_deadline_is_needed(const struct file_shim *shim, enum busy_purpose purpose)
{
	const struct reservation *reservation = &shim->reservation;

	return purpose == WAIT_OF_STATEMENT || (purpose == WAIT_OF_RESERVATION && reservation->site && reservation->site_reads &&
						read_site_writes(reservation->site));
}

/* Who holds the lock, or a reservation, seen from this thread. A connection that has the database attached is not known as a
 * holder: where the process has one thread only, it is of that. Not as long as each wait is ended by others that wake this one. */
static enum holder_kind find_holder(const struct file_shim *shim, int64_t now)
{
	const char *shm = shim->handoff.shm;
	uint32_t word = reservation_word(shm);
	enum holder_kind kind = holder_find(&shim->holder, shm, 0);

	if (kind == HOLDER_ELSEWHERE && !shim->busy.woken_after && threads_is_single() && lock_owner_is_self(&shim->files))
		return HOLDER_OF_THREAD;
	if (kind != HOLDER_ELSEWHERE || !reservation_lapses_at(word, now))
		return kind;
	kind = holder_find(&shim->holder, shm, word);
	/* one of the thread's own is not in the way: another process has the lock, which looks at it */
	return kind == HOLDER_OF_THREAD ? HOLDER_ELSEWHERE : kind;
}

/* How long the program asked to wait. */
static int64_t asked_of(const struct file_shim *shim)
{
	const struct connection *connection = registry_find(shim->db);

	return connection ? connection->busy.asked * MILLISECOND : INT64_MAX / 2;
}

/* A pool may well have threads enough: only a holder that does not move says that it has not. */
static int64_t deadline_of_pool(const struct file_shim *shim)
{
	return shim->busy.moved_at + monotonic_later(asked_of(shim), reservation_length());
}

static int64_t deadline_of_thread(const struct file_shim *shim, enum busy_purpose purpose, int64_t now)
{
	return purpose == WAIT_OF_STATEMENT ? now + asked_of(shim) - shim->busy.spent[purpose] : now;
}

/* A holder that roams, and has not gone on for so long, is taken for one of the thread. */
static int64_t deadline_of_roaming(const struct file_shim *shim, enum busy_purpose purpose, int64_t now)
{
	int64_t deadline = shim->busy.moved_at + reservation_length() / ROAMING_PART;

	return purpose == WAIT_OF_STATEMENT ? monotonic_later(deadline, deadline_of_thread(shim, purpose, now)) : deadline;
}

/* By the connection's timeout, or, where it is interrupted or the transaction has waited that long before, by the program's own. */
static int64_t timeout_of(const struct file_shim *shim, enum busy_purpose purpose)
{
	const struct connection *connection = registry_find(shim->db);
	int64_t own = purpose == WAIT_OF_STATEMENT && connection ? connection->busy.own : 0, timeout = shim->busy.timeout;

	if (busy_wait_is_interrupted(shim))
		timeout = monotonic_earlier(timeout, own);
	else if (purpose == WAIT_OF_STATEMENT && shim->busy.begin_gave_up && connection)
		timeout = monotonic_earlier(timeout, connection->busy.asked);
	return timeout * MILLISECOND;
}

int64_t busy_deadline_timed(struct file_shim *shim, enum busy_purpose purpose, int64_t now)
{
	const struct busy_wait *wait = &shim->busy;
	int64_t spent = wait->spent[purpose], deadline = now + timeout_of(shim, purpose) - spent;

	if (spent < asked_of(shim))
		return deadline;
	switch (own_wait_look(shim, now, wait->began[purpose])) {
	case HOLDER_OF_THREAD:
		return monotonic_earlier(deadline, now);
	case HOLDER_POOLED:
		return monotonic_earlier(deadline, deadline_of_pool(shim));
	default:
		return deadline;
	}
}

/* Until when one waits that can go on without the lock: for a holder that does not move as long as a reservation lasts, and whose
 * turn it is once it has lapsed; for a reservation that others like it did not need, less. */
static int64_t patience_until(const struct file_shim *shim, enum busy_purpose purpose)
{
	const struct busy_wait *wait = &shim->busy;
	const struct read_site *site = shim->reservation.site;
	unsigned halvings = purpose == WAIT_OF_RESERVATION && site ? read_site_halvings(site) : 0;

	return halvings > 0 ? wait->began[purpose] + (reservation_length() >> halvings)
			    : wait->moved_at + reservation_length() + BUSY_AFTER_LAPSE;
}

int64_t busy_deadline_of_write_lock(struct file_shim *shim, enum busy_purpose purpose, int64_t now)
{
	struct busy_wait *wait = &shim->busy;
	int64_t deadline = busy_deadline_timed(shim, purpose, now);

	if (!busy_deadline_is_needed(shim, purpose))
		deadline = monotonic_earlier(deadline, patience_until(shim, purpose));
	switch (find_holder(shim, now)) {
	case HOLDER_OF_THREAD:
		if (shim->begin_mode)
			begin_mode_reserve(shim->begin_mode, file_shim_path(shim),
					   "two connections of one thread want the write lock");
		return purpose == WAIT_OF_STATEMENT ? monotonic_earlier(deadline, deadline_of_thread(shim, purpose, now)) : now;
	case HOLDER_ROAMING:
		wait->for_roaming = true;
		return monotonic_earlier(deadline, deadline_of_roaming(shim, purpose, now));
	case HOLDER_POOLED:
		return monotonic_earlier(deadline, deadline_of_pool(shim));
	default:
		return deadline;
	}
}

void busy_deadline_note_roaming(struct busy_wait *wait, bool has_gone_on)
{
	if (wait->for_roaming)
		holder_roamed(has_gone_on);
	wait->for_roaming = false;
}
