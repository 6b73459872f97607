/* hook_sleep.c - the functions by which a program sleeps, in parts (wait_parts.h). */
#include "base/guard.h"
#include "embedded/real.h"
#include "embedded/wait_parts.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int kernel_clock_nanosleep(clockid_t clock, int flags, const struct timespec *time, struct timespec *left)
{
	return syscall(SYS_clock_nanosleep, clock, flags, time, left) == 0 ? 0 : errno;
}

static int kernel_nanosleep(const struct timespec *time, struct timespec *left)
{
	return (int)syscall(SYS_nanosleep, time, left);
}

static unsigned kernel_sleep(unsigned seconds)
{
	struct timespec time = {.tv_sec = seconds};

	return kernel_nanosleep(&time, &time) == 0 ? 0 : (unsigned)time.tv_sec;
}

static int kernel_usleep(useconds_t length)
{
	struct timespec time = {.tv_sec = length / 1000000, .tv_nsec = length % 1000000 * 1000};

	return kernel_nanosleep(&time, NULL);
}

static int kernel_pause(void)
{
	return (int)syscall(SYS_ppoll, NULL, 0, NULL, NULL, 0);
}

HOOK int nanosleep(const struct timespec *time, struct timespec *left)
{
	int64_t remains, length = wait_has_parts() ? wait_of_time(time) : 0;
	int rc;

	if (!length || !time)
		return REAL(nanosleep, kernel_nanosleep)(time, left);
	rc = wait_in_parts(length, NULL, wait_for_time, NULL, &remains);
	if (rc != 0 && left)
		*left = wait_to_time(remains);
	return rc;
}

/* No parts for other clocks, and for what is over. */
static int64_t length_until(clockid_t clock, const struct timespec *at)
{
	struct timespec now;
	int64_t until = wait_of_time(at);

	if ((clock != CLOCK_MONOTONIC && clock != CLOCK_REALTIME) || clock_gettime(clock, &now) != 0 || until <= wait_of_time(&now))
		return 0;
	return until - wait_of_time(&now);
}

/* A point in time, on a clock that may be set meanwhile. */
struct point {
	clockid_t clock;
	const struct timespec *at;
};

static int wait_for_point(const void *argument, int64_t length, const sigset_t *mask)
{
	const struct point *point = argument;
	int64_t shown = length_until(point->clock, point->at);

	return shown > 0 ? wait_for_time(NULL, shown < length ? shown : length, mask) : 1;
}

HOOK int clock_nanosleep(clockid_t clock, int flags, const struct timespec *time, struct timespec *left)
{
	struct point point = {.clock = clock, .at = time};
	bool has_parts = wait_has_parts() && time && (clock == CLOCK_MONOTONIC || clock == CLOCK_REALTIME);
	int64_t remains = 0, length = !has_parts ? 0 : flags == TIMER_ABSTIME ? length_until(clock, time) : wait_of_time(time);
	int rc, saved = errno;

	if (!length || (flags != 0 && flags != TIMER_ABSTIME))
		return REAL(clock_nanosleep, kernel_clock_nanosleep)(clock, flags, time, left);
	rc = wait_in_parts(length, NULL, flags ? wait_for_point : wait_for_time, &point, &remains) < 0 ? errno : 0;
	errno = saved;
	/* the clock may have been set back */
	if (rc == 0 && flags)
		return REAL(clock_nanosleep, kernel_clock_nanosleep)(clock, flags, time, left);
	if (rc == EINTR && !flags && left)
		*left = wait_to_time(remains);
	return rc;
}

HOOK unsigned sleep(unsigned seconds)
{
	int saved = errno;
	int64_t left;

	if (seconds == 0 || !wait_has_parts())
		return REAL(sleep, kernel_sleep)(seconds);
	if (wait_in_parts(seconds * WAIT_SECOND, NULL, wait_for_time, NULL, &left) == 0) {
		errno = saved;
		return 0;
	}
	return (unsigned)(left / WAIT_SECOND);
}

HOOK int usleep(useconds_t length)
{
	if (length == 0 || !wait_has_parts())
		return REAL(usleep, kernel_usleep)(length);
	return wait_in_parts(length * INT64_C(1000), NULL, wait_for_time, NULL, NULL);
}

static int kernel_sigsuspend(const sigset_t *mask)
{
	return (int)syscall(SYS_rt_sigsuspend, mask, WAIT_MASK_BYTES);
}

HOOK int sigsuspend(const sigset_t *mask)
{
	return wait_has_parts() ? wait_in_parts(WAIT_FOREVER, mask, wait_for_time, NULL, NULL)
				: REAL(sigsuspend, kernel_sigsuspend)(mask);
}

HOOK int pause(void)
{
	return wait_has_parts() ? wait_in_parts(WAIT_FOREVER, NULL, wait_for_time, NULL, NULL) : REAL(pause, kernel_pause)();
}
