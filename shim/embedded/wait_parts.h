/* wait_parts.h - a call of the program that waits, made in parts: in between, a -wal that has come to rest is copied into its
 * database (idle_checkpoint.h).
 *
 * A call that does not wait, or waits while nothing is to be copied, is made as it is: for one look at memory. A copy takes as long
 * as a commit does without the library; the program's call ends when it would have ended, or with the copy. A signal that comes
 * meanwhile ends the wait with EINTR, as it would end the program's. */
#ifndef SQLPROD_EMBEDDED_WAIT_PARTS_H
#define SQLPROD_EMBEDDED_WAIT_PARTS_H

#include "policy/idle_checkpoint.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define WAIT_FOREVER INT64_MAX
#define WAIT_MILLISECOND INT64_C(1000000)
#define WAIT_SECOND (1000 * WAIT_MILLISECOND)

static inline bool wait_has_parts(void)
{
	return __builtin_expect(atomic_load_explicit(&idle_checkpoint_awaits_wait, memory_order_relaxed), 0);
}

/* For functions that programs call often: what is called by the hook, where REAL() costs registers that are to be saved. Found by
 * the function that is called instead while that is not known, or wait_has_parts(). */
#define NEXT(function) __typeof__(&function) _Atomic next_##function
#define NEXT_FIND(function, kernel_function)                                                                                       \
	atomic_store_explicit(&next_##function, REAL(function, kernel_function), memory_order_relaxed)
#define NEXT_CALL(function) atomic_load_explicit(&next_##function, memory_order_relaxed)
#define NEXT_IS_ALL(function) __builtin_expect(NEXT_CALL(function) && !wait_has_parts(), 1)

/* Calls wait for nanoseconds each (WAIT_FOREVER for no end), until it returns other than 0 or has waited for `length` in all. It
 * waits with that mask, as ppoll(2) does: the program's, which is NULL if its call has none. Returns what the last one did; *left,
 * if it is not NULL, is what remains of the length. */
int wait_in_parts(int64_t length, const sigset_t *mask, int (*wait)(const void *call, int64_t length, const sigset_t *mask),
		  const void *call, int64_t *left);

/* For calls that cannot wait with a mask: copies what is due, and returns when the next copy is, as idle_checkpoint_in_wait() does.
 * *handled: a signal has come meanwhile for which the program has a handler. It has run by then. */
int64_t wait_copy(bool *handled);

/* Signals that are pending and not in the mask: is there one with a handler, but with these flags? */
bool wait_is_handled(const sigset_t *mask, int without_flags);

/* How many bytes the kernel has a mask of signals in; ppoll(2) where libc has none. */
#define WAIT_MASK_BYTES (64 / 8)
int wait_kernel_ppoll(struct pollfd *files, nfds_t count, const struct timespec *timeout, const sigset_t *mask);

/* A wait for nothing but time. */
int wait_for_time(const void *unused, int64_t length, const sigset_t *mask);

/* Nanoseconds as milliseconds for poll(2), rounded up, -1 for WAIT_FOREVER; and back. */
static inline int wait_to_milliseconds(int64_t length)
{
	int64_t milliseconds = length / WAIT_MILLISECOND + (length % WAIT_MILLISECOND > 0);

	return length == WAIT_FOREVER ? -1 : milliseconds > INT32_MAX ? INT32_MAX : (int)milliseconds;
}

static inline int64_t wait_of_milliseconds(int milliseconds)
{
	return milliseconds < 0 ? WAIT_FOREVER : milliseconds * WAIT_MILLISECOND;
}

/* The same for a time; one that the kernel would refuse, or of more than a century, is 0: no parts. */
static inline int64_t wait_of_time(const struct timespec *time)
{
	const int64_t century = INT64_C(3155760000);

	if (!time)
		return WAIT_FOREVER;
	if (time->tv_sec < 0 || time->tv_sec > century || time->tv_nsec < 0 || time->tv_nsec >= WAIT_SECOND)
		return 0;
	return time->tv_sec * WAIT_SECOND + time->tv_nsec;
}

static inline struct timespec wait_to_time(int64_t length)
{
	return (struct timespec){.tv_sec = length / WAIT_SECOND, .tv_nsec = length % WAIT_SECOND};
}

#endif
