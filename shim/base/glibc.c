/* glibc.c - functions that new glibcs have under new versions. */
#include "base/glibc.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Up to glibc 2.33 they are in libpthread (scripts/package/unversioned). A process that did not load that has one thread, and
 * cannot get more. */
#pragma weak pthread_once
#pragma weak pthread_testcancel

void glibc_once(pthread_once_t *once, void (*function)(void))
{
	static const pthread_once_t not_yet = PTHREAD_ONCE_INIT;

	if (pthread_once) {
		pthread_once(once, function);
	} else if (*once == not_yet) {
		*once = !not_yet;
		function();
	}
}

void glibc_testcancel(void)
{
	if (pthread_testcancel)
		pthread_testcancel();
}

/* The kernel's struct is libc's here. */
#if defined(__LP64__) && (defined(__x86_64__) || defined(__aarch64__))

int glibc_stat(const char *path, struct stat *out)
{
	return (int)syscall(SYS_newfstatat, AT_FDCWD, path, out, 0);
}

int glibc_lstat(const char *path, struct stat *out)
{
	return (int)syscall(SYS_newfstatat, AT_FDCWD, path, out, AT_SYMLINK_NOFOLLOW);
}

int glibc_fstat(int fd, struct stat *out)
{
	return (int)syscall(SYS_fstat, fd, out);
}

int glibc_fstatat(int folder, const char *path, struct stat *out, int flags)
{
	return (int)syscall(SYS_newfstatat, folder, path, out, flags);
}

#else

int glibc_stat(const char *path, struct stat *out)
{
	return stat(path, out);
}

int glibc_lstat(const char *path, struct stat *out)
{
	return lstat(path, out);
}

int glibc_fstat(int fd, struct stat *out)
{
	return fstat(fd, out);
}

int glibc_fstatat(int folder, const char *path, struct stat *out, int flags)
{
	return fstatat(folder, path, out, flags);
}

#endif
