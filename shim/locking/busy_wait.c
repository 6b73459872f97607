/* busy_wait.c - how a connection waits: how often it looks, and who wakes it. */
#include "locking/busy_wait.h"

#include "base/glibc.h"
#include "locking/begin_mode.h"
#include "locking/busy_deadline.h"
#include "locking/file_shim.h"
#include "locking/futex.h"
#include "locking/give_back.h"
#include "locking/shm_locks.h"
#include "locking/wait_counts.h"
#include "locking/wait_log.h"
#include "locking/waiters.h"

#define MICROSECOND INT64_C(1000)
#define MILLISECOND (1000 * MICROSECOND)

/* Two calls further apart belong to two waits. */
#define ONE_WAIT (100 * MILLISECOND)

/* In the queue: as long again as the wait has lasted, within these. Where the last wait was ended by a wake-up, half as long again
 * as that: who looks meanwhile loses its place among those of its age. */
#define POLL_IN_QUEUE_MIN (2 * MILLISECOND)
#define POLL_IN_QUEUE_MAX (48 * MILLISECOND)
#define POLL_IN_QUEUE_LATE (HANDOFF_POLL_MAX * 3 / 4)
#define POLL_OF_OLD_MAX (256 * MILLISECOND)
/* The next in turn looks this often. */
#define POLL_WITH_PRIORITY MILLISECOND
/* After a reservation has lapsed, the youngest waiter looks BUSY_AFTER_LAPSE later; half so late, one that has waited for so many
 * microseconds. */
#define AFTER_LAPSE_HALF 500000
#define AFTER_SHORT 4
#define AFTER_SHORT_MIN MILLISECOND
/* Out of the queue: doubled from one to the next. */
#define POLL_MIN (100 * MICROSECOND)
#define POLL_DOUBLINGS 5 /* 3.2 ms */

/* How long one waits for a checkpoint that need not be waited for. */
#define CHECKPOINT (100 * MILLISECOND)

/* How long a transaction of this process that has only begun may keep another waiting. */
#define IDLE (20 * MILLISECOND)

/* A new wait on a holder that did not move by the end of the last one goes on from there. */
#define RESUMED (1000 * MILLISECOND)

/* Between 3/4 and 5/4 of a time, so that waiters do not move in step. */
static int64_t jitter(const struct file_shim *shim, int64_t now, int64_t time)
{
	uint64_t mixed = ((uint64_t)now ^ (uintptr_t)shim) * UINT64_C(0x9e3779b97f4a7c15);

	return time * 3 / 4 + (int64_t)((mixed >> 44) * (uint64_t)time >> 21);
}

/* One that goes first is to find the lock if it was left. */
static int64_t poll_interval(const struct file_shim *shim, int64_t age, bool moved)
{
	bool is_first = shim->handoff.place == PLACE_FIRST;
	int64_t late = monotonic_earlier(shim->busy.woken_after / 2 * 3, age > HANDOFF_OLD ? POLL_OF_OLD_MAX : POLL_IN_QUEUE_LATE);

	if (is_first && moved)
		return POLL_WITH_PRIORITY;
	return monotonic_later(monotonic_earlier(monotonic_later(age, POLL_IN_QUEUE_MIN), POLL_IN_QUEUE_MAX), is_first ? 0 : late);
}

bool busy_wait_is_interrupted(const struct file_shim *shim)
{
	return busy_slot_is_interrupted(&shim->busy.slot);
}

/* Nobody wakes a waiter as a reservation lapses: how long one of this age then lets older ones go first. Where it has seen only the
 * last of that reservation, or it is a short one, no longer than in proportion. */
static int64_t turn_after_lapse(int64_t age, int64_t seen_for)
{
	int64_t turn = BUSY_AFTER_LAPSE * AFTER_LAPSE_HALF / (AFTER_LAPSE_HALF + monotonic_later(age, 0) / MICROSECOND);

	return monotonic_earlier(turn, monotonic_later(seen_for / AFTER_SHORT, AFTER_SHORT_MIN));
}

/* Sleeps until our turn has come, or nothing moves any more, or the deadline. A waiter that goes first looks more often: it is to
 * find the lock if it was left without a wake-up. */
static void wait_in_queue(struct file_shim *shim, int64_t began, int64_t now, int64_t deadline)
{
	struct busy_wait *wait = &shim->busy;
	struct handoff *handoff = &shim->handoff;
	uint32_t changes = handoff_changes(handoff);
	bool moved = changes != wait->polled_changes;
	int64_t until, lapse, patience = now + CHECKPOINT;

	wait->polled_changes = changes;
	do {
		until = now + jitter(shim, now, poll_interval(shim, now - began, moved));
		lapse = reservation_lapses_at(reservation_word(handoff->shm), now);
		if (lapse) {
			lapse += turn_after_lapse(lapse - began, lapse - wait->reserved_at);
			until = monotonic_earlier(until, lapse);
		}
		if (handoff_wait(handoff, began, monotonic_earlier(until, deadline))) {
			wait->woken_after = monotonic_now() - began;
			return;
		}
		changes = handoff_changes(handoff);
		moved = changes != wait->polled_changes;
		wait->polled_changes = changes;
		now = monotonic_now();
	} while (now < deadline && (!lapse || now < lapse) && !busy_wait_is_interrupted(shim) &&
		 ((moved && handoff->place != PLACE_FIRST) || (now < patience && shm_locks_checkpoint_runs(shim))));
	wait->woken_after = 0;
}

/* Notes whether another connection has made progress since the last look. */
static void look_for_progress(struct file_shim *shim, int64_t now, int count)
{
	struct busy_wait *wait = &shim->busy;
	uint32_t changes = handoff_changes(&shim->handoff), reserved = reservation_word(shim->handoff.shm);
	bool reserves = reserved != wait->reserved, has_lapsed = count > 0 && reservation_has_lapsed(wait->reserved, now);

	if (changes != wait->changes || (reserves && !has_lapsed) || shim->handoff.place == PLACE_WOKEN ||
	    (count == 0 && now - wait->ended > RESUMED))
		wait->moved_at = now;
	else if (reserves)
		/* who has let a reservation lapse has not gone on, but the one who has reserved since may: a moment shows it */
		wait->moved_at = monotonic_later(wait->moved_at, now - reservation_length() + reservation_length() / 4);
	if (count == 0 || reserves)
		wait->reserved_at = now;
	if (reservation_lapses_at(reserved, now))
		site_memory_waits(shim, reserved);
	wait->changes = changes;
	wait->reserved = reserved;
	wait->ended = now;
}

/* A transaction of this process that is idle, and keeps us waiting, gives the lock back. */
static bool end_idle_holder(struct file_shim *shim, int64_t began, int64_t now)
{
	struct busy_wait *wait = &shim->busy;
	enum holder_kind kind = holder_find(&shim->holder, shim->handoff.shm, 0);

	if (kind == HOLDER_ELSEWHERE || (kind != HOLDER_OF_THREAD && now - began < IDLE) || now - wait->holder_sought_at < IDLE)
		return false;
	wait->holder_sought_at = now;
	if (!give_back_idle(shim))
		return false;
	begin_mode_reserve(shim->begin_mode, file_shim_path(shim),
			   "a transaction idled after BEGIN while another of the process waited");
	return true;
}

/* Waits for a while; false gives up. */
static bool wait_once(struct file_shim *shim, enum busy_purpose purpose, int64_t now, int count)
{
	struct busy_wait *wait = &shim->busy;
	struct handoff *handoff = &shim->handoff;
	enum handoff_attempt attempt = handoff->attempt;
	int64_t *began = &wait->began[purpose], until, deadline;

	if (count == 0) {
		*began = now;
		wait->spent[purpose] = 0;
	}
	look_for_progress(shim, now, count);
	if (count == 0)
		busy_deadline_note_roaming(wait, true);
	handoff->place = count == 0 ? PLACE_BY_AGE : handoff->place == PLACE_BY_AGE ? PLACE_BY_AGE : PLACE_FIRST;
	if (attempt == ATTEMPT_REFUSED && handoff->shm && end_idle_holder(shim, *began, now))
		return true;
	if (attempt == ATTEMPT_REFUSED && handoff->shm)
		deadline = busy_deadline_of_write_lock(shim, purpose, now);
	else
		deadline = busy_deadline_timed(shim, purpose, now);
	if (now >= deadline) {
		busy_deadline_note_roaming(wait, false);
		return false;
	}
	handoff->attempt = ATTEMPT_NONE;
	/* It had the lock, but only after another one's commit, which it had not seen: no other connection is in the way. */
	if (attempt == ATTEMPT_GRANTED)
		return true;
	if (attempt == ATTEMPT_REFUSED && handoff->shm) {
		wait_in_queue(shim, *began, now, deadline);
		return true;
	}
	until = now + jitter(shim, now, POLL_MIN << (count < POLL_DOUBLINGS ? count : POLL_DOUBLINGS));
	monotonic_sleep(monotonic_earlier(until, deadline));
	return true;
}

/* Is this not the wait that the last call belonged to? SQLite counts anew where a statement begins to run; sqlite3_backup_step()
 * goes on with the number of the last wait, whenever that was. Between two calls for one wait nothing is done but a try of the
 * lock. */
static bool is_new_wait(const struct busy_wait *wait, enum busy_purpose purpose, int64_t now, int count)
{
	return count == 0 || now - wait->polled[purpose] > ONE_WAIT;
}

bool busy_wait_sleep(struct file_shim *shim, enum busy_purpose purpose, int count)
{
	struct busy_wait *wait = &shim->busy;
	int64_t began = monotonic_now(), spent;
	bool is_new = is_new_wait(wait, purpose, began, count);
	struct waiter *waiter = waiters_enter(holder_thread(), file_shim_awaited(shim), &shim->holder);
	bool again = wait_once(shim, purpose, began, is_new ? 0 : count);

	waiters_leave(waiter);
	wait->polled[purpose] = monotonic_now();
	/* time that was not spent here was none of waiting, as for SQLite's own handler */
	spent = wait->polled[purpose] - began;
	wait->spent[purpose] += spent;
	wait->waited += spent;
	wait->count += is_new;
	wait_counts_add(shim, is_new, spent);
	wait->given_up += !again && purpose == WAIT_OF_STATEMENT;
	wait_times_polled(&shim->wait_times[purpose], wait->polled[purpose] - wait->began[purpose], is_new);
	wait_log_polled(shim, purpose, is_new,
			again                          ? WAIT_GOES_ON
			: purpose == WAIT_OF_STATEMENT ? WAIT_ENDS_BUSY
						       : WAIT_ENDS_OTHERWISE);
	/* SQLite's own sleep is where a thread that waits can be cancelled; a futex is no such point */
	glibc_testcancel();
	return again;
}

bool busy_wait_goes_on(struct file_shim *shim, enum busy_purpose purpose, int count)
{
	int64_t now = monotonic_now();

	look_for_progress(shim, now, count);
	if (busy_wait_is_interrupted(shim))
		return false;
	return busy_deadline_is_needed(shim, purpose) || now < shim->busy.moved_at + reservation_length();
}
