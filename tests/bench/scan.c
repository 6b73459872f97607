/* scan.c - preloaded in place of the library, times its search for a copy of SQLite inside the program that opens a database.
 *
 * Searches once, when a file is first opened as SQLite opens one, and appends to the file SCAN_OUT the line "microseconds kibibytes
 * tables how object": how much more of the process is resident afterwards, and whether it was found "near" the caller or in the
 * "whole". With SCAN_WHOLE in the environment the search is a whole one. */
#include "elf/object.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

static long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

static long resident(void)
{
	int fd = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC, 0);
	char text[2048];
	ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	const char *line;

	close(fd);
	text[length > 0 ? length : 0] = '\0';
	line = strstr(text, "\nRss:");
	return line ? strtol(line + 5, NULL, 10) : 0;
}

static void search(const void *caller)
{
	static struct object object;
	const char *path = getenv("SCAN_OUT");
	long before = resident();
	long long began = now();
	bool found = getenv("SCAN_WHOLE") ? object_search_whole(caller, &object) : object_of_code(caller, &object);
	long long took = now() - began;
	char line[1024];
	int fd, length;

	if (!found || !path)
		return;
	length = snprintf(line, sizeof(line), "%lld %ld %zu %s %s\n", took, resident() - before, object.table_count,
			  object.whole ? "whole" : "near", object.path);
	fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0 || write(fd, line, (size_t)length) != length)
		perror("scan");
	close(fd);
}

static int opened(const char *path, int flags, mode_t mode, const void *caller)
{
	static int once;

	if (((flags & O_NOFOLLOW) ||
	     (flags & (O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC)) == (O_RDWR | O_CREAT | O_CLOEXEC)) &&
	    !__atomic_exchange_n(&once, 1, __ATOMIC_RELAXED))
		search(caller);
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

#define OPEN(name)                                                                                                                 \
	EXPORT int name(const char *path, int flags, ...)                                                                          \
	{                                                                                                                          \
		va_list arguments;                                                                                                 \
		mode_t mode;                                                                                                       \
		va_start(arguments, flags);                                                                                        \
		mode = va_arg(arguments, mode_t);                                                                                  \
		va_end(arguments);                                                                                                 \
		return opened(path, flags, mode, __builtin_return_address(0));                                                     \
	}

OPEN(open)
OPEN(open64)
