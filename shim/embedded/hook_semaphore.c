/* hook_semaphore.c - the functions by which a program waits for a semaphore, for some time, in parts (wait_parts.h): so Python's
 * threading.Event waits, as others sleep. */
#include "base/guard.h"
#include "embedded/real.h"
#include "embedded/wait_parts.h"
#include "locking/futex.h"

#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <time.h>

/* glibc has it since 2.30. */
int sem_clockwait(sem_t *semaphore, clockid_t clock, const struct timespec *until);

static int64_t now_on(clockid_t clock)
{
	struct timespec now;

	return clock_gettime(clock, &now) == 0 ? wait_of_time(&now) : 0;
}

static int no_timedwait(sem_t *semaphore, const struct timespec *until)
{
	(void)semaphore;
	(void)until;
	errno = ENOSYS;
	return -1;
}

/* A program that asks for sem_clockwait() by its name finds ours, on an older glibc too. */
static int clockwait_by_wall(sem_t *semaphore, clockid_t clock, const struct timespec *until)
{
	struct timespec at;

	if (!until) {
		errno = EINVAL;
		return -1;
	}
	at = wait_to_time(now_on(CLOCK_REALTIME) + wait_of_time(until) - now_on(clock));
	return REAL(sem_timedwait, no_timedwait)(semaphore, &at);
}

/* sem_timedwait() goes by CLOCK_REALTIME, and is there where the other is not. */
static int wait_until(sem_t *semaphore, clockid_t clock, const struct timespec *until)
{
	return clock == CLOCK_REALTIME ? REAL(sem_timedwait, no_timedwait)(semaphore, until)
				       : REAL(sem_clockwait, clockwait_by_wall)(semaphore, clock, until);
}

/* A signal that comes during a copy ends the wait, as one that comes during the wait does. */
static int wait_in_turns(sem_t *semaphore, clockid_t clock, int64_t end)
{
	int64_t due, length, part;
	struct timespec until;
	bool handled;
	int rc;

	do {
		due = wait_copy(&handled);
		if (handled) {
			errno = EINTR;
			return -1;
		}
		length = due == IDLE_WAL_NEVER ? WAIT_FOREVER : due - monotonic_now();
		part = end - now_on(clock);
		until = wait_to_time(length < part ? now_on(clock) + (length > 0 ? length : 0) : end);
		rc = wait_until(semaphore, clock, &until);
	} while (rc != 0 && errno == ETIMEDOUT && length < part && now_on(clock) < end);
	return rc;
}

static int wait_on(sem_t *semaphore, clockid_t clock, const struct timespec *until)
{
	int64_t end = until ? wait_of_time(until) : 0;

	if ((clock != CLOCK_MONOTONIC && clock != CLOCK_REALTIME) || end <= now_on(clock))
		return wait_until(semaphore, clock, until);
	return wait_in_turns(semaphore, clock, end);
}

HOOK int sem_clockwait(sem_t *semaphore, clockid_t clock, const struct timespec *until)
{
	return wait_has_parts() ? wait_on(semaphore, clock, until)
				: REAL(sem_clockwait, clockwait_by_wall)(semaphore, clock, until);
}

HOOK int sem_timedwait(sem_t *semaphore, const struct timespec *until)
{
	return wait_has_parts() ? wait_on(semaphore, CLOCK_REALTIME, until) : REAL(sem_timedwait, no_timedwait)(semaphore, until);
}
