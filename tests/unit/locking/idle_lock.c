/* idle_lock.c - unit tests of the exchange between a connection and the threads that give its lock back, with locks that are made
 * up; and of the kinds of BEGIN. */
#include "locking/idle_lock.h"

#include "../check.h"
#include "base/log.h"
#include "locking/begin_kind.h"
#include "locking/begin_mode.h"
#include "locking/file_shim.h"
#include "locking/futex.h"

#include <pthread.h>
#include <string.h>

#define MILLISECOND INT64_C(1000000)

enum { SHIMS = 4, ROUNDS = 20000, ENOUGH = 100 };

static struct file_shim shims[SHIMS];
static atomic_int inside[SHIMS]; /* calls for the locks of the connection */
static atomic_bool shared[SHIMS], over;
static atomic_uint overlaps, given_back, logged;
static atomic_bool refuses;

void log_write(int level, const char *format, ...)
{
	(void)format;
	logged += level == LOG_INFO;
}

void file_shim_each(void (*see)(struct file_shim *shim, void *argument), void *argument)
{
	for (int i = 0; i < SHIMS; i++)
		see(&shims[i], argument);
}

static void call_begins(long i)
{
	overlaps += atomic_fetch_add(&inside[i], 1) != 0;
}

static void call_ends(long i)
{
	atomic_fetch_sub(&inside[i], 1);
}

bool shared_write_give_back(struct file_shim *shim)
{
	long i = shim - shims;

	if (refuses)
		return false;
	call_begins(i);
	overlaps += !shared[i];
	shared[i] = false;
	given_back++;
	call_ends(i);
	return true;
}

static void leave(int i, int64_t due)
{
	shared[i] = true;
	atomic_store(&shims[i].idle_lock.due, due);
	idle_lock_leave(&shims[i].idle_lock);
}

static void check_due(void)
{
	check(idle_lock_earliest == IDLE_LOCK_NEVER, "none is left in the beginning");
	leave(0, 1000);
	leave(1, 500);
	check(idle_lock_earliest == 500, "the earliest is known");
	check(idle_lock_give_back_due(499) == 500 && shared[0] && shared[1], "none is given back before it is due");
	check(idle_lock_give_back_due(500) == 1000 && shared[0] && !shared[1], "one is given back when it is due");
	check(idle_lock_earliest == 1000, "the next one is the earliest then");
	check(idle_lock_take(&shims[0], &shims[0].idle_lock), "what was not given back is there");
	check(!idle_lock_take(&shims[1], &shims[1].idle_lock), "what was given back is not");
	check(idle_lock_take(&shims[1], &shims[1].idle_lock), "and that is told once");
	check(idle_lock_give_back_due(2000) == IDLE_LOCK_NEVER && shared[0], "what its connection has is not given back");
	leave(0, 3000);
	refuses = true;
	check(idle_lock_give_back_due(3000) == IDLE_LOCK_NEVER && shared[0], "what cannot be given back is tried once");
	refuses = false;
	check(idle_lock_take(&shims[0], &shims[0].idle_lock), "and its connection has it still");
}

static void check_threads(void)
{
	leave(0, 10);
	check(idle_lock_give_back_due_from_thread(10) == IDLE_LOCK_NEVER && shared[0],
	      "a thread of the library's own leaves alone what is for one thread only");
	idle_lock_start(&shims[0].idle_lock, true);
	idle_lock_give_back_due_from_thread(10);
	check(!shared[0] && !idle_lock_take(&shims[0], &shims[0].idle_lock), "and gives back what is for any");
}

static void check_forks(void)
{
	leave(0, 10);
	idle_lock_before_fork();
	check(idle_lock_give_back_due(20) == 10 && shared[0], "none is given back during a fork");
	idle_lock_after_fork();
	idle_lock_give_back_due(20);
	check(!shared[0], "it is given back after it");
	idle_lock_take(&shims[0], &shims[0].idle_lock);
	leave(0, 10);
	atomic_store(&shims[1].idle_lock.state, (uint32_t)IDLE_LOCK_GIVING);
	idle_lock_before_fork();
	idle_lock_forked();
	check(idle_lock_take(&shims[0], &shims[0].idle_lock) && idle_lock_take(&shims[1], &shims[1].idle_lock),
	      "a child waits for no thread of its parent");
	check(idle_lock_earliest == IDLE_LOCK_NEVER, "and has none left");
}

/* Locks that are due at once, some of them. */
static void *connection(void *argument)
{
	long i = (struct file_shim *)argument - shims;

	for (int round = 0; round < ROUNDS || given_back < ENOUGH; round++) {
		atomic_store(&shims[i].idle_lock.due, round % 4 ? 0 : IDLE_LOCK_NEVER - 1);
		call_begins(i);
		shared[i] = true;
		call_ends(i);
		idle_lock_leave(&shims[i].idle_lock);
		if (round % 16 == 0)
			monotonic_sleep(monotonic_now() + MILLISECOND / 50);
		overlaps += idle_lock_take(&shims[i], &shims[i].idle_lock) != shared[i];
		overlaps += round % 4 == 0 && !shared[i];
	}
	return NULL;
}

static void *watcher(void *unused)
{
	while (!over)
		idle_lock_give_back_due(1);
	return unused;
}

static void check_exchange(void)
{
	pthread_t threads[SHIMS + 2];
	unsigned before = given_back;

	for (int i = 0; i < SHIMS + 2; i++)
		pthread_create(&threads[i], NULL, i < SHIMS ? connection : watcher, i < SHIMS ? &shims[i] : NULL);
	for (int i = 0; i < SHIMS; i++)
		pthread_join(threads[i], NULL);
	over = true;
	pthread_join(threads[SHIMS], NULL);
	pthread_join(threads[SHIMS + 1], NULL);
	check(overlaps == 0, "a connection and two threads that give back do not meet: %u", overlaps);
	check(given_back > before, "some were given back");
}

static void check_kinds(void)
{
	struct begin_mode databases[2];
	struct begin_kind *kind = begin_kind_find(&databases[0], "BEGIN");

	check(begin_kind_find(&databases[0], " begin /* a trace */ ") == kind,
	      "neither case nor blanks nor comments make another kind");
	check(begin_kind_find(&databases[0], "BEGIN;") != kind && begin_kind_find(&databases[0], "BEGIN TRANSACTION") != kind,
	      "other words do");
	check(begin_kind_find(&databases[1], "BEGIN") != kind, "so does another database");
	atomic_store(&shims[2].idle_lock.kind, kind);
	logged = 0;
	leave(2, 10);
	idle_lock_give_back_due(10);
	idle_lock_take(&shims[2], &shims[2].idle_lock);
	check(begin_kind_idles(kind) && !begin_kind_reads(kind) && logged == 1, "one that was given back teaches, with one line");
	leave(2, 10);
	idle_lock_give_back_due(10);
	idle_lock_take(&shims[2], &shims[2].idle_lock);
	check(logged == 1, "and with no other");
	atomic_store(&shims[2].idle_lock.has_read, true);
	leave(2, 10);
	idle_lock_give_back_due(10);
	idle_lock_take(&shims[2], &shims[2].idle_lock);
	check(begin_kind_reads(kind) && logged == 2, "one that has read teaches something else");
	atomic_store(&shims[2].idle_lock.has_read, false);
	kind = begin_kind_find(&databases[0], "BEGIN;");
	atomic_store(&shims[2].idle_lock.kind, kind);
	leave(2, monotonic_now() + 60000 * MILLISECOND);
	idle_lock_take(&shims[2], &shims[2].idle_lock);
	check(!begin_kind_idles(kind), "one that was not due teaches nothing");
	leave(2, 10);
	check(idle_lock_take(&shims[2], &shims[2].idle_lock) && begin_kind_idles(kind) && logged == 3,
	      "one that its own connection finds late teaches, too");
}

static void check_seen(void)
{
	static char long_one[] = "BEGIN                              ";
	struct begin_seen seen = {.length = 0};
	struct begin_kind kind;

	check(!begin_seen_is(&seen, "", -1) && !begin_seen_is(&seen, "", 0), "nothing was seen at first");
	begin_seen_note(&seen, "BEGIN ", &kind);
	check(begin_seen_is(&seen, "BEGIN ", -1) && begin_seen_is(&seen, "BEGIN ;", 6) && seen.kind == &kind,
	      "the same text is known again");
	check(!begin_seen_is(&seen, "BEGIN", -1) && !begin_seen_is(&seen, "BEGIN ;", -1) && !begin_seen_is(&seen, "BEGIN ;", 7) &&
		      !begin_seen_is(&seen, "BEGIN ", 5) && !begin_seen_is(&seen, "begin ", -1) && !begin_seen_is(&seen, NULL, -1),
	      "another is not");
	begin_seen_note(&seen, long_one, NULL);
	check(begin_seen_is(&seen, "BEGIN ", -1) && !begin_seen_is(&seen, long_one, -1), "a long one is not noted");
}

int main(void)
{
	check_due();
	check_threads();
	check_forks();
	check_exchange();
	check_kinds();
	check_seen();
	return check_end();
}
