/* hook_select.c - select() and pselect(), in parts (wait_parts.h): a part that finds nothing empties the sets. */
#include "base/guard.h"
#include "embedded/real.h"
#include "embedded/wait_parts.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <unistd.h>

struct select_call {
	int count;
	fd_set *sets[3], wanted[3];
};

static int kernel_pselect(int count, fd_set *in, fd_set *out, fd_set *except, const struct timespec *timeout, const sigset_t *mask)
{
	struct timespec copy = timeout ? *timeout : (struct timespec){0};
	const struct {
		const sigset_t *mask;
		size_t bytes;
	} packed = {mask, WAIT_MASK_BYTES};

	return (int)syscall(SYS_pselect6, count, in, out, except, timeout ? &copy : NULL, &packed);
}

static int kernel_select(int count, fd_set *in, fd_set *out, fd_set *except, struct timeval *timeout)
{
	struct timespec time = {.tv_sec = timeout ? timeout->tv_sec : 0, .tv_nsec = timeout ? timeout->tv_usec * 1000 : 0};

	return kernel_pselect(count, in, out, except, timeout ? &time : NULL, NULL);
}

/* What the kernel reads and writes of a set, which may be shorter than its type. */
static size_t set_bytes(const struct select_call *call)
{
	const size_t bits = 8 * sizeof(long);

	return ((size_t)call->count + bits - 1) / bits * sizeof(long);
}

static void put_sets(const struct select_call *call)
{
	for (int i = 0; i < 3; i++)
		if (call->sets[i])
			memcpy(call->sets[i], &call->wanted[i], set_bytes(call));
}

static int select_part(const void *argument, int64_t length, const sigset_t *mask)
{
	const struct select_call *call = argument;
	struct timespec time = wait_to_time(length);

	put_sets(call);
	return REAL(pselect, kernel_pselect)(call->count, call->sets[0], call->sets[1], call->sets[2],
					     length == WAIT_FOREVER ? NULL : &time, mask);
}

/* False for sets that are larger than their type: libev and others make such. */
static bool save_sets(struct select_call *call)
{
	if (call->count < 0 || call->count > FD_SETSIZE)
		return false;
	for (int i = 0; i < 3; i++)
		if (call->sets[i])
			memcpy(&call->wanted[i], call->sets[i], set_bytes(call));
	return true;
}

HOOK int select(int count, fd_set *in, fd_set *out, fd_set *except, struct timeval *timeout)
{
	struct select_call call = {.count = count, .sets = {in, out, except}};
	struct timespec time = {.tv_sec = timeout ? timeout->tv_sec : 0, .tv_nsec = timeout ? timeout->tv_usec * 1000 : 0};
	int64_t left, length = wait_has_parts() ? wait_of_time(timeout ? &time : NULL) : 0;
	int rc;

	if (!length || !save_sets(&call))
		return REAL(select, kernel_select)(count, in, out, except, timeout);
	rc = wait_in_parts(length, NULL, select_part, &call, &left);
	if (timeout)
		*timeout = (struct timeval){.tv_sec = left / WAIT_SECOND, .tv_usec = left % WAIT_SECOND / 1000};
	return rc;
}

HOOK int pselect(int count, fd_set *in, fd_set *out, fd_set *except, const struct timespec *timeout, const sigset_t *mask)
{
	struct select_call call = {.count = count, .sets = {in, out, except}};
	int64_t length = wait_has_parts() ? wait_of_time(timeout) : 0;

	if (!length || !save_sets(&call))
		return REAL(pselect, kernel_pselect)(count, in, out, except, timeout, mask);
	return wait_in_parts(length, mask, select_part, &call, NULL);
}
