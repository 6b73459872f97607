/* threads.c - counts threads in /proc, and starts one. */
#include "base/threads.h"

#include "base/glibc.h"
#include "base/library.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As pthread_once() in glibc.c. */
#pragma weak pthread_create
#pragma weak pthread_attr_setstacksize

/* A process may have thousands of groups, each in the file before what is looked for. */
#define STATUS_SIZE (64 * 1024)

/* The last thread of a process runs what atexit(3) was given, whichever it is. */
#define STACK (256 * 1024)

/* What is looked for in /proc/PID/status: proc_pid_status(5). -1 where it does not say. */
struct status {
	long threads, parent, mode, filters;
};

static long number_of(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? strtol(at + strlen(name), NULL, 10) : -1;
}

/* By system calls: open() would call our own hook. */
static bool status_read(const char *path, struct status *out)
{
	char *text = malloc(STATUS_SIZE);
	int fd = text ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0) : -1;
	ssize_t n = fd >= 0 ? read(fd, text, STATUS_SIZE - 1) : -1;

	if (fd >= 0)
		syscall(SYS_close, fd);
	if (n > 0) {
		text[n] = '\0';
		*out = (struct status){number_of(text, "\nThreads:"), number_of(text, "\nPPid:"), number_of(text, "\nSeccomp:"),
				       number_of(text, "\nSeccomp_filters:")};
	}
	free(text);
	return n > 0;
}

unsigned threads_count(void)
{
	struct status status;
	int saved = errno;
	bool known = status_read("/proc/self/status", &status);

	errno = saved;
	return known && status.threads > 0 ? (unsigned)status.threads : 0;
}

/* A folder has a link of each folder in it, and two of its own. */
bool threads_is_alone(void)
{
	struct stat tasks;
	int saved = errno;
	bool alone = threads_is_single() || (glibc_stat("/proc/self/task", &tasks) == 0 && tasks.st_nlink == 2 + 1);

	errno = saved;
	return alone;
}

const char *_Atomic threads_single;

bool threads_look_up_single(void)
{
	static const char always = 1, unknown = 0;
	const char *single = &always;

	if (pthread_create) {
		single = library_first_symbol("__libc_single_threaded");
		if (!single)
			single = &unknown;
	}
	atomic_store_explicit(&threads_single, single, memory_order_relaxed);
	return *single;
}

/* The filters that a process has from its parent let it start the threads that it has. Before Linux 5.9 they are not counted. */
static bool has_own_filters(const struct status *own)
{
	struct status parent;
	char path[40];

	if (own->mode <= 0)
		return false;
	if (own->mode != 2 || own->filters < 0)
		return true;
	/* the first process of a container */
	if (own->parent == 0)
		return own->filters > 1;
	snprintf(path, sizeof(path), "/proc/%ld/status", own->parent);
	return !status_read(path, &parent) || parent.filters != own->filters;
}

bool threads_are_confined(void)
{
	struct status own;
	int saved = errno;
	bool confined = !status_read("/proc/self/status", &own) || has_own_filters(&own);

	errno = saved;
	return confined;
}

bool threads_may_start(void)
{
	struct status own;
	int saved = errno;
	bool may = !threads_is_single() && status_read("/proc/self/status", &own) && own.threads > 1 && !has_own_filters(&own);

	errno = saved;
	return may;
}

#define SIGNAL_BIT(signal) (UINT64_C(1) << ((signal)-1))

/* libc has its own uses for the first real-time signals: setuid(2) has all threads run it. SIGSYS comes of the thread's own doing.
 */
static const uint64_t blocked = ~(SIGNAL_BIT(32) | SIGNAL_BIT(33) | SIGNAL_BIT(34) | SIGNAL_BIT(SIGSYS));

bool threads_start(void *(*function)(void *))
{
	pthread_attr_t attributes;
	pthread_t thread;
	uint64_t mask;
	int saved = errno, rc;

	if (!pthread_create || !pthread_attr_setstacksize || pthread_attr_init(&attributes) != 0)
		return false;
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, STACK);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &blocked, &mask, sizeof(mask));
	rc = pthread_create(&thread, &attributes, function, NULL);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof(mask));
	pthread_attr_destroy(&attributes);
	errno = saved;
	return rc == 0;
}
