/* fake_statfs.c - a preloaded library that lets a test stand on a filesystem this machine does not have.
 *
 * FAKE_STATFS_FOLDER and FAKE_STATFS_TYPE (a number, 0x… allowed): statfs and fstatfs answer that f_type for everything in the
 * folder. FAKE_MOUNTINFO: opening /proc/self/mountinfo opens this file instead; if it does not exist, there is no mountinfo. All
 * else goes to the next library. The variables are read at each call. */
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

	if (!folder || !getenv("FAKE_STATFS_TYPE") || !realpath(folder, real_folder) || !realpath(path, real_path))
		return false;
	length = real_folder[1] ? strlen(real_folder) : 0;
	return strncmp(real_path, real_folder, length) == 0 && (!real_path[length] || real_path[length] == '/');
}

/* The f_type to answer for path; real if it is not ours. */
static __fsword_t type_of(const char *path, __fsword_t real)
{
	int kept_errno = errno;
	__fsword_t type = in_folder(path) ? (__fsword_t)strtoul(getenv("FAKE_STATFS_TYPE"), NULL, 0) : real;

	errno = kept_errno;
	return type;
}

static __fsword_t type_of_fd(int fd, __fsword_t real)
{
	char link[64];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return type_of(link, real);
}

int statfs(const char *path, struct statfs *out)
{
	__typeof__(&statfs) next;
	int rc;

	next_find("statfs", &next);
	rc = next(path, out);
	if (rc == 0)
		out->f_type = type_of(path, out->f_type);
	return rc;
}

int statfs64(const char *path, struct statfs64 *out)
{
	__typeof__(&statfs64) next;
	int rc;

	next_find("statfs64", &next);
	rc = next(path, out);
	if (rc == 0)
		out->f_type = type_of(path, out->f_type);
	return rc;
}

int fstatfs(int fd, struct statfs *out)
{
	__typeof__(&fstatfs) next;
	int rc;

	next_find("fstatfs", &next);
	rc = next(fd, out);
	if (rc == 0)
		out->f_type = type_of_fd(fd, out->f_type);
	return rc;
}

int fstatfs64(int fd, struct statfs64 *out)
{
	__typeof__(&fstatfs64) next;
	int rc;

	next_find("fstatfs64", &next);
	rc = next(fd, out);
	if (rc == 0)
		out->f_type = type_of_fd(fd, out->f_type);
	return rc;
}

static const char *path_of(const char *path)
{
	const char *mountinfo = getenv("FAKE_MOUNTINFO");

	return mountinfo && strcmp(path, "/proc/self/mountinfo") == 0 ? mountinfo : path;
}

/* The argument that is only there with O_CREAT or O_TMPFILE; without them nobody looks at the mode. */
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
