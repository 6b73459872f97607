/* hook_poll.c - the functions by which a program waits for its files, in parts (wait_parts.h). */
#include "base/guard.h"
#include "embedded/real.h"
#include "embedded/wait_parts.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <unistd.h>

struct poll_call {
	struct pollfd *files;
	nfds_t count;
};

static int kernel_poll(struct pollfd *files, nfds_t count, int timeout)
{
	struct timespec time = wait_to_time(timeout < 0 ? 0 : wait_of_milliseconds(timeout));

	return wait_kernel_ppoll(files, count, timeout < 0 ? NULL : &time, NULL);
}

static int poll_part(const void *argument, int64_t length, const sigset_t *mask)
{
	const struct poll_call *call = argument;
	struct timespec time = wait_to_time(length);

	return REAL(ppoll, wait_kernel_ppoll)(call->files, call->count, length == WAIT_FOREVER ? NULL : &time, mask);
}

HOOK int poll(struct pollfd *files, nfds_t count, int timeout)
{
	struct poll_call call = {.files = files, .count = count};

	if (timeout == 0 || !wait_has_parts())
		return REAL(poll, kernel_poll)(files, count, timeout);
	return wait_in_parts(wait_of_milliseconds(timeout), NULL, poll_part, &call, NULL);
}

HOOK int ppoll(struct pollfd *files, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
	struct poll_call call = {.files = files, .count = count};
	int64_t length = wait_has_parts() ? wait_of_time(timeout) : 0;

	return length ? wait_in_parts(length, mask, poll_part, &call, NULL)
		      : REAL(ppoll, wait_kernel_ppoll)(files, count, timeout, mask);
}

/* What a program calls that was compiled with _FORTIFY_SOURCE; size is that of its array. */
int __poll_chk(struct pollfd *files, nfds_t count, int timeout, size_t size);
int __ppoll_chk(struct pollfd *files, nfds_t count, const struct timespec *timeout, const sigset_t *mask, size_t size);

static int kernel_poll_chk(struct pollfd *files, nfds_t count, int timeout, size_t size)
{
	(void)size;
	return kernel_poll(files, count, timeout);
}

static int kernel_ppoll_chk(struct pollfd *files, nfds_t count, const struct timespec *timeout, const sigset_t *mask, size_t size)
{
	(void)size;
	return wait_kernel_ppoll(files, count, timeout, mask);
}

HOOK int __poll_chk(struct pollfd *files, nfds_t count, int timeout, size_t size)
{
	if (size / sizeof(*files) < count || !wait_has_parts())
		return REAL(__poll_chk, kernel_poll_chk)(files, count, timeout, size);
	return poll(files, count, timeout);
}

HOOK int __ppoll_chk(struct pollfd *files, nfds_t count, const struct timespec *timeout, const sigset_t *mask, size_t size)
{
	if (size / sizeof(*files) < count || !wait_has_parts())
		return REAL(__ppoll_chk, kernel_ppoll_chk)(files, count, timeout, mask, size);
	return ppoll(files, count, timeout, mask);
}

struct epoll_call {
	int epoll;
	struct epoll_event *events;
	int most;
};

static int kernel_epoll_pwait(int epoll, struct epoll_event *events, int most, int timeout, const sigset_t *mask)
{
	return (int)syscall(SYS_epoll_pwait, epoll, events, most, timeout, mask, WAIT_MASK_BYTES);
}

static int kernel_epoll_wait(int epoll, struct epoll_event *events, int most, int timeout)
{
	return kernel_epoll_pwait(epoll, events, most, timeout, NULL);
}

static int epoll_part(const void *argument, int64_t length, const sigset_t *mask)
{
	const struct epoll_call *call = argument;

	return REAL(epoll_pwait, kernel_epoll_pwait)(call->epoll, call->events, call->most, wait_to_milliseconds(length), mask);
}

HOOK int epoll_wait(int epoll, struct epoll_event *events, int most, int timeout)
{
	struct epoll_call call = {.epoll = epoll, .events = events, .most = most};

	if (timeout == 0 || !wait_has_parts())
		return REAL(epoll_wait, kernel_epoll_wait)(epoll, events, most, timeout);
	return wait_in_parts(wait_of_milliseconds(timeout), NULL, epoll_part, &call, NULL);
}

HOOK int epoll_pwait(int epoll, struct epoll_event *events, int most, int timeout, const sigset_t *mask)
{
	struct epoll_call call = {.epoll = epoll, .events = events, .most = most};

	if (timeout == 0 || !wait_has_parts())
		return REAL(epoll_pwait, kernel_epoll_pwait)(epoll, events, most, timeout, mask);
	return wait_in_parts(wait_of_milliseconds(timeout), mask, epoll_part, &call, NULL);
}
