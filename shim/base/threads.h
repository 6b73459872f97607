/* threads.h - a thread of the library's own, in a process that has several already.
 *
 * In a process of one thread it would be a stranger: unshare(CLONE_NEWUSER) and setns() fail, Python 3.12 and later warns at
 * fork(). A program that confines itself (seccomp(2)) after it has started its threads may be killed for another one: none is
 * started where the process has more filters than its parent. */
#ifndef SQLPROD_BASE_THREADS_H
#define SQLPROD_BASE_THREADS_H

#include <stdatomic.h>
#include <stdbool.h>

/* How many threads the process has; 0 where that cannot be known. Opens a file of /proc. */
unsigned threads_count(void);

/* Where libc says so (glibc has it since 2.32), or what stands in for it; NULL before it was looked up. */
extern const char *_Atomic threads_single __attribute__((visibility("hidden")));
bool threads_look_up_single(void);

/* Does libc know that there is one thread only? False where it does not tell. */
static inline bool threads_is_single(void)
{
	const char *single = atomic_load_explicit(&threads_single, memory_order_relaxed);

	return single ? *single : threads_look_up_single();
}

/* Has the process one thread? System calls that a signal handler may make; false where that cannot be known. */
bool threads_is_alone(void);

/* Has the process filters of its own (seccomp(2)), or is that not known? Opens files of /proc. */
bool threads_are_confined(void);

/* May one more be started? Opens files of /proc. */
bool threads_may_start(void);

/* Runs function in a detached thread that gets no signals. False if that failed. Keeps errno. */
bool threads_start(void *(*function)(void *));

#endif
