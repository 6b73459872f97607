/* fake_statfs.c - a preloaded library that makes a test run on a filesystem that this machine does not have.
 *
 * FAKE_STATFS_FOLDER and FAKE_STATFS_TYPE (a number, 0x… allowed): statfs and fstatfs answer that f_type for everything in the
 * folder; FAKE_STATFS_FREE: that many bytes are free there. FAKE_MOUNTINFO: opening /proc/self/mountinfo opens this file instead;
 * if it does not exist, there is no mountinfo. All else goes to the next library. The variables are read at each call. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>

/* Sets *function, a pointer to a function, to what the next library has under that name. */
static void next_find(const char *name, void *function)
{
	void *found = dlsym(RTLD_NEXT, name);

	memcpy(function, &found, sizeof(found));
}

static bool in_folder(const char *path)
{
	const char *folder = getenv("FAKE_STATFS_FOLDER");
	char real_path[PATH_MAX], real_folder[PATH_MAX];
	size_t length;

	if (!folder || !realpath(folder, real_folder) || !realpath(path, real_path))
		return false;
	length = real_folder[1] ? strlen(real_folder) : 0;
	return strncmp(real_path, real_folder, length) == 0 && (!real_path[length] || real_path[length] == '/');
}

/* What there is to answer for a path in the folder; real if it is not said. */
static unsigned long answer_of(const char *path, const char *variable, unsigned long real)
{
	int kept_errno = errno;
	const char *text = getenv(variable);
	unsigned long answer = text && in_folder(path) ? strtoul(text, NULL, 0) : real;

	errno = kept_errno;
	return answer;
}

/* Two structures with the same members. */
#define ANSWER(path, out)                                                                                                          \
	do {                                                                                                                       \
		(out)->f_type = (__fsword_t)answer_of(path, "FAKE_STATFS_TYPE", (unsigned long)(out)->f_type);                     \
		(out)->f_bavail = answer_of(path, "FAKE_STATFS_FREE", (out)->f_bavail * (unsigned long)(out)->f_bsize) /           \
				  (unsigned long)(out)->f_bsize;                                                                   \
	} while (0)

static const char *path_of_fd(int fd, char *link, size_t size)
{
	snprintf(link, size, "/proc/self/fd/%d", fd);
	return link;
}

int statfs(const char *path, struct statfs *out)
{
	__typeof__(&statfs) next;
	int rc;

	next_find("statfs", &next);
	rc = next(path, out);
	if (rc == 0)
		ANSWER(path, out);
	return rc;
}

int statfs64(const char *path, struct statfs64 *out)
{
	__typeof__(&statfs64) next;
	int rc;

	next_find("statfs64", &next);
	rc = next(path, out);
	if (rc == 0)
		ANSWER(path, out);
	return rc;
}

int fstatfs(int fd, struct statfs *out)
{
	__typeof__(&fstatfs) next;
	char link[64];
	int rc;

	next_find("fstatfs", &next);
	rc = next(fd, out);
	if (rc == 0)
		ANSWER(path_of_fd(fd, link, sizeof(link)), out);
	return rc;
}

int fstatfs64(int fd, struct statfs64 *out)
{
	__typeof__(&fstatfs64) next;
	char link[64];
	int rc;

	next_find("fstatfs64", &next);
	rc = next(fd, out);
	if (rc == 0)
		ANSWER(path_of_fd(fd, link, sizeof(link)), out);
	return rc;
}

static const char *path_of(const char *path)
{
	const char *mountinfo = getenv("FAKE_MOUNTINFO");

	return mountinfo && strcmp(path, "/proc/self/mountinfo") == 0 ? mountinfo : path;
}

/* The argument that is only there with O_CREAT or O_TMPFILE; without them the mode is not read. */
static mode_t mode_of(int flags, va_list arguments)
{
	return flags & (O_CREAT | __O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
	__typeof__(&open) next;
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = mode_of(flags, arguments);
	va_end(arguments);
	next_find("open", &next);
	return next(path_of(path), flags, mode);
}

int open64(const char *path, int flags, ...)
{
	__typeof__(&open64) next;
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = mode_of(flags, arguments);
	va_end(arguments);
	next_find("open64", &next);
	return next(path_of(path), flags, mode);
}

int openat(int folder, const char *path, int flags, ...)
{
	__typeof__(&openat) next;
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = mode_of(flags, arguments);
	va_end(arguments);
	next_find("openat", &next);
	return next(folder, path_of(path), flags, mode);
}

int openat64(int folder, const char *path, int flags, ...)
{
	__typeof__(&openat64) next;
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = mode_of(flags, arguments);
	va_end(arguments);
	next_find("openat64", &next);
	return next(folder, path_of(path), flags, mode);
}

FILE *fopen(const char *path, const char *mode)
{
	__typeof__(&fopen) next;

	next_find("fopen", &next);
	return next(path_of(path), mode);
}

FILE *fopen64(const char *path, const char *mode)
{
	__typeof__(&fopen64) next;

	next_find("fopen64", &next);
	return next(path_of(path), mode);
}
