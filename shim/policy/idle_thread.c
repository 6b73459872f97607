/* idle_thread.c - starts the thread that copies at rest, lets it sleep, and ends it. */
#include "policy/idle_thread.h"

#include "base/threads.h"
#include "locking/futex.h"
#include "locking/idle_copy.h"
#include "locking/idle_wal.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The thread stays for so long without anything to do. One that stayed for ever would keep a process from ending whose others have
 * ended. */
#define LINGER (4 * IDLE_WAL_REST)

/* How long a fork waits for the thread to end. */
#define FORK_WAIT INT64_C(500000000)
#define FORK_POLL INT64_C(100000)

atomic_bool idle_thread_lives;

static atomic_bool stops;       /* it is to end */
static _Atomic pid_t thread_id; /* of the last one */
static _Atomic uint32_t sleeps; /* for longer than a -wal takes to rest: a commit wakes it */

/* A commit may have been noted since the thread looked last: who notes one looks for the thread after that. */
static bool retire(void)
{
	bool none = false;

	atomic_store(&idle_thread_lives, false);
	return atomic_load(&stops) || idle_wal_next(monotonic_now()) == IDLE_WAL_NEVER ||
	       !atomic_compare_exchange_strong(&idle_thread_lives, &none, true);
}

/* Is there something to be copied, or was there a commit meanwhile? */
static bool sleep_until(int64_t next)
{
	int64_t now = monotonic_now(), until = next == IDLE_WAL_NEVER ? now + LINGER : next;
	bool is_long = until > now + IDLE_WAL_REST;

	atomic_store(&sleeps, is_long);
	/* a commit that was noted before that has woken nobody */
	if (is_long && idle_wal_next(now) < until)
		return true;
	for (; now < until && atomic_load(&sleeps) == is_long && !atomic_load(&stops); now = monotonic_now())
		futex_wait_while(&sleeps, is_long, until);
	return !atomic_load(&stops) && (next != IDLE_WAL_NEVER || now < until);
}

static void *copy_at_rest(void *unused)
{
	(void)unused;
	atomic_store(&thread_id, (pid_t)syscall(SYS_gettid));
	do
		while (sleep_until(idle_wal_look(monotonic_now(), idle_copy)))
			;
	while (!retire());
	return NULL;
}

void idle_thread_start(void)
{
	bool none = false;

	if (!threads_may_start() || !atomic_compare_exchange_strong(&idle_thread_lives, &none, true))
		return;
	atomic_store(&sleeps, 0);
	atomic_store(&stops, false);
	if (!threads_start(copy_at_rest))
		atomic_store(&idle_thread_lives, false);
}

void idle_thread_wake(void)
{
	if (atomic_exchange(&sleeps, 0))
		futex_wake_all(&sleeps);
}

/* It may not have begun, or not have ended for the kernel. */
static bool is_there(void)
{
	pid_t id = atomic_load(&thread_id);
	int saved = errno;
	bool there = atomic_load(&idle_thread_lives) || (id && syscall(SYS_tgkill, getpid(), id, 0) == 0);

	errno = saved;
	return there;
}

void idle_thread_stop(void)
{
	int64_t now = monotonic_now(), end = now + FORK_WAIT;

	atomic_store(&stops, true);
	/* its value tells a thread that is about to sleep */
	atomic_store(&sleeps, 2);
	futex_wake_all(&sleeps);
	for (; is_there() && now < end; now = monotonic_now())
		monotonic_sleep(now + FORK_POLL);
	idle_wal_forget();
}

void idle_thread_forked(void)
{
	atomic_store(&idle_thread_lives, false);
	atomic_store(&thread_id, 0);
}
