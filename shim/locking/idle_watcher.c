/* idle_watcher.c - the thread. */
#include "locking/idle_watcher.h"

#include "base/threads.h"
#include "locking/futex.h"
#include "locking/idle_lock.h"
#include "locking/reservation.h"

#include <stddef.h>

#define MILLISECOND INT64_C(1000000)

/* How often it is looked at most whether a thread may be started. */
#define LOOK (20 * MILLISECOND)

/* How long a fork waits for the thread to end. */
#define FORK_WAIT (20 * MILLISECOND)
#define FORK_POLL (MILLISECOND / 20)

atomic_bool idle_watcher_lives;

static _Atomic uint32_t stops; /* 1: the thread is to end */
static _Atomic int64_t looked_at;

/* Whoever leaves a lock may start another one. */
static void end_watch(void)
{
	atomic_store_explicit(&looked_at, 0, memory_order_relaxed);
	atomic_store(&idle_watcher_lives, false);
}

/* The thread ends, unless a lock was left since it looked last. Who leaves one looks for the watcher after that. */
static bool retire(void)
{
	bool none = false;

	end_watch();
	return atomic_load(&idle_lock_earliest) == IDLE_LOCK_NEVER ||
	       !atomic_compare_exchange_strong(&idle_watcher_lives, &none, true);
}

static void sleep_until(int64_t next, int64_t now)
{
	int64_t least = now + reservation_length() / 4, most = now + reservation_length();
	int64_t until = next == IDLE_LOCK_NEVER ? most : next > least ? next : least;

	/* a signal of libc's own may end the sleep */
	for (; !atomic_load(&stops) && now < until; now = monotonic_now())
		futex_wait_while(&stops, 0, until);
}

static void *watch(void *unused)
{
	int64_t now, next;

	(void)unused;
	while (!atomic_load(&stops)) {
		now = monotonic_now();
		next = idle_lock_give_back_due_from_thread(now);
		sleep_until(next, now);
		if (next == IDLE_LOCK_NEVER && atomic_load(&idle_lock_earliest) == IDLE_LOCK_NEVER && retire())
			return NULL;
	}
	end_watch();
	return NULL;
}

void idle_watcher_start(void)
{
	int64_t now = monotonic_now(), last = atomic_load_explicit(&looked_at, memory_order_relaxed);
	bool none = false;

	if (now - last < LOOK || !atomic_compare_exchange_strong(&looked_at, &last, now) || !threads_may_start() ||
	    !atomic_compare_exchange_strong(&idle_watcher_lives, &none, true))
		return;
	atomic_store(&stops, 0);
	if (!threads_start(watch))
		atomic_store(&idle_watcher_lives, false);
}

static void stop(void)
{
	int64_t now = monotonic_now(), end = now + FORK_WAIT;

	atomic_store(&stops, 1);
	futex_wake_all(&stops);
	for (; (atomic_load(&idle_watcher_lives) || threads_count() == 2) && now < end; now = monotonic_now())
		monotonic_sleep(now + FORK_POLL);
}

void idle_watcher_before_fork(void)
{
	if (atomic_load(&idle_watcher_lives) && threads_count() == 2)
		stop();
	idle_lock_before_fork();
}

void idle_watcher_after_fork(void)
{
	idle_lock_after_fork();
}

void idle_watcher_forked(void)
{
	idle_lock_forked();
	atomic_store(&idle_watcher_lives, false);
	atomic_store(&looked_at, 0);
}
