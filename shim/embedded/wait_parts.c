/* wait_parts.c - when a part ends. Signals are let in by the parts alone: one that came in between would end no wait. */
#include "embedded/wait_parts.h"

#include "embedded/real.h"
#include "locking/futex.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

static int64_t until(int64_t end, int64_t now)
{
	return end == WAIT_FOREVER ? WAIT_FOREVER : end > now ? end - now : 0;
}

int wait_in_parts(int64_t length, const sigset_t *mask, int (*wait)(const void *call, int64_t length, const sigset_t *mask),
		  const void *call, int64_t *left)
{
	int64_t now = monotonic_now(), end = length == WAIT_FOREVER ? WAIT_FOREVER : now + length, due;
	sigset_t before;
	int rc, saved;

	/* as most waits of a program in use: one part, with nothing before or after it */
	if (end != WAIT_FOREVER && idle_checkpoint_rests_until(now, end)) {
		rc = wait(call, length, mask);
		if (left)
			*left = until(end, monotonic_now());
		return rc;
	}
	idle_checkpoint_block_signals(&before);
	do {
		due = idle_checkpoint_in_wait(now, &before);
		rc = wait(call, until(due < end ? due : end, monotonic_now()), mask ? mask : &before);
		now = monotonic_now();
	} while (rc == 0 && due < end && now < end);
	saved = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = saved;
	if (left)
		*left = until(end, now);
	return rc;
}

/* The kernel keeps a signal that is blocked, even one that is ignored. */
bool wait_is_handled(const sigset_t *mask, int without_flags)
{
	struct sigaction action;
	sigset_t pending;
	bool handled = false;

	if (sigpending(&pending) != 0)
		return false;
	for (int number = 1; number <= SIGRTMAX && !handled; number++)
		handled = sigismember(&pending, number) == 1 && sigismember(mask, number) != 1 &&
			  sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN &&
			  !(action.sa_flags & without_flags);
	return handled;
}

int64_t wait_copy(bool *handled)
{
	sigset_t before;
	int64_t due;

	idle_checkpoint_block_signals(&before);
	due = idle_checkpoint_in_wait(monotonic_now(), &before);
	*handled = wait_is_handled(&before, 0);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return due;
}

int wait_kernel_ppoll(struct pollfd *files, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
	struct timespec copy = timeout ? *timeout : (struct timespec){0};

	return (int)syscall(SYS_ppoll, files, count, timeout ? &copy : NULL, mask, WAIT_MASK_BYTES);
}

int wait_for_time(const void *unused, int64_t length, const sigset_t *mask)
{
	struct timespec time = wait_to_time(length);

	(void)unused;
	return REAL(ppoll, wait_kernel_ppoll)(NULL, 0, length == WAIT_FOREVER ? NULL : &time, mask);
}
