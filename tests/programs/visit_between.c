/* visit_between.c - a preloaded library that lets another process come and go between two questions of the library under test.
 *
 * VISIT_BEGIN is run by sh when fcntl() has said for the first time that nobody has a database's shared bytes locked, VISIT_END
 * when /proc/locks is opened for the first time after that. All else goes to the next library. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* sqlite.org/fileformat.html: the lock-byte page */
#define SHARED_LAST 0x400001ff

static const char *const variables[] = {"VISIT_BEGIN", "VISIT_END"};
static unsigned visits;

/* Sets *function, a pointer to a function, to what the next library has under that name. */
static void next_find(const char *name, void *function)
{
	void *found = dlsym(RTLD_NEXT, name);

	memcpy(function, &found, sizeof(found));
}

static void visit(unsigned which)
{
	const char *command = getenv(variables[which]);
	int saved = errno;
	pid_t child;

	if (!command || visits != which)
		return;
	visits++;
	child = fork();
	if (child == 0) {
		unsetenv("LD_PRELOAD");
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	waitpid(child, NULL, 0);
	errno = saved;
}

int fcntl(int fd, int command, ...)
{
	int (*next)(int, int, ...);
	void *argument;
	va_list list;
	int rc;

	va_start(list, command);
	argument = va_arg(list, void *);
	va_end(list);
	next_find("fcntl", &next);
	rc = next(fd, command, argument);
	if (command == F_GETLK && ((struct flock *)argument)->l_start == SHARED_LAST &&
	    ((struct flock *)argument)->l_type == F_UNLCK)
		visit(0);
	return rc;
}

FILE *fopen(const char *path, const char *mode)
{
	FILE *(*next)(const char *, const char *);

	if (strcmp(path, "/proc/locks") == 0)
		visit(1);
	next_find("fopen", &next);
	return next(path, mode);
}
