/* hook_sigwait.c - the functions by which a program waits for a signal that it blocks, in parts (wait_parts.h). */
#include "base/guard.h"
#include "embedded/real.h"
#include "embedded/wait_parts.h"
#include "locking/futex.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

static int kernel_sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *time)
{
	return (int)syscall(SYS_rt_sigtimedwait, set, info, time, WAIT_MASK_BYTES);
}

static int kernel_sigwaitinfo(const sigset_t *set, siginfo_t *info)
{
	return kernel_sigtimedwait(set, info, NULL);
}

static int kernel_sigwait(const sigset_t *set, int *number)
{
	int rc = kernel_sigwaitinfo(set, NULL);

	if (rc < 0)
		return errno;
	*number = rc;
	return 0;
}

static int wait_for(const sigset_t *set, siginfo_t *info, int64_t length)
{
	struct timespec time;

	if (length == WAIT_FOREVER)
		return REAL(sigwaitinfo, kernel_sigwaitinfo)(set, info);
	time = wait_to_time(length > 0 ? length : 0);
	return REAL(sigtimedwait, kernel_sigtimedwait)(set, info, &time);
}

/* One that is not blocked would act between two parts. */
static bool blocks(const sigset_t *set)
{
	sigset_t mask;

	if (!set || sigprocmask(SIG_BLOCK, NULL, &mask) != 0)
		return false;
	for (int number = 1; number <= SIGRTMAX; number++) {
		bool is_ever = number != SIGKILL && number != SIGSTOP && (number < 32 || number >= SIGRTMIN);

		if (is_ever && sigismember(set, number) == 1 && sigismember(&mask, number) != 1)
			return false;
	}
	return true;
}

/* As sigtimedwait(), for nanoseconds. Another signal that comes during a copy ends the wait, as one that comes during the wait
 * does.
 */
static __attribute__((noinline)) int wait_in_turns(const sigset_t *set, siginfo_t *info, int64_t length)
{
	int64_t end = length == WAIT_FOREVER ? WAIT_FOREVER : monotonic_now() + length, due;
	bool in_parts = length != 0 && blocks(set), handled;
	int rc = wait_for(set, info, in_parts ? 0 : length);

	if (rc >= 0 || errno != EAGAIN || !in_parts)
		return rc;
	do {
		due = wait_copy(&handled);
		if (handled) {
			errno = EINTR;
			return -1;
		}
		if (due > end)
			due = end;
		rc = wait_for(set, info, due == WAIT_FOREVER ? WAIT_FOREVER : due - monotonic_now());
	} while (rc < 0 && errno == EAGAIN && due < end);
	return rc;
}

HOOK int sigtimedwait(const sigset_t *restrict set, siginfo_t *restrict info, const struct timespec *restrict time)
{
	return wait_has_parts() && wait_of_time(time) ? wait_in_turns(set, info, wait_of_time(time))
						      : REAL(sigtimedwait, kernel_sigtimedwait)(set, info, time);
}

HOOK int sigwaitinfo(const sigset_t *restrict set, siginfo_t *restrict info)
{
	return wait_has_parts() ? wait_in_turns(set, info, WAIT_FOREVER) : REAL(sigwaitinfo, kernel_sigwaitinfo)(set, info);
}

/* Handlers of other signals do not end it. */
static __attribute__((noinline)) int sigwait_in_turns(const sigset_t *set, int *number)
{
	int rc, saved = errno;

	do
		rc = wait_in_turns(set, NULL, WAIT_FOREVER);
	while (rc < 0 && errno == EINTR);
	if (rc < 0)
		return errno;
	errno = saved;
	*number = rc;
	return 0;
}

HOOK int sigwait(const sigset_t *restrict set, int *restrict number)
{
	return wait_has_parts() ? sigwait_in_turns(set, number) : REAL(sigwait, kernel_sigwait)(set, number);
}
