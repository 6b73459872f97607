/* visit_between.c - a preloaded library that lets another process come and go between two questions of the library under test.
 *
 * VISIT_BEGIN is run by sh when fcntl() has said for the first time that nobody has a database's shared bytes locked, VISIT_END
 * when /proc/locks is opened for the first time after that, VISIT_UNLOCKED when the write lock of a WAL is given back for the first
 * time, VISIT_RESERVED before a database's RESERVED lock is first asked for, VISIT_SHARED when its SHARED lock was first taken. All
 * else goes to the next library. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* sqlite.org/fileformat.html: the lock-byte page */
#define SHARED_LAST 0x400001ff
#define RESERVED 0x40000001
#define SHARED_FIRST 0x40000002
/* sqlite.org/walformat.html: WAL_WRITE_LOCK in the -shm */
#define WAL_WRITE 120

enum { BEGIN, END, UNLOCKED, RESERVES, SHARES };
static const char *const variables[] = {"VISIT_BEGIN", "VISIT_END", "VISIT_UNLOCKED", "VISIT_RESERVED", "VISIT_SHARED"};
static bool visited[5];

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

	if (!command || visited[which])
		return;
	visited[which] = true;
	child = fork();
	if (child == 0) {
		unsetenv("LD_PRELOAD");
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	waitpid(child, NULL, 0);
	errno = saved;
}

static int lock_and_visit(const char *name, int fd, int command, void *argument)
{
	int (*next)(int, int, ...);
	const struct flock *lock = argument;
	int rc;

	next_find(name, &next);
	if (command == F_SETLK && lock->l_start == RESERVED && lock->l_type == F_WRLCK)
		visit(RESERVES);
	rc = next(fd, command, argument);
	if (command == F_GETLK && lock->l_start == SHARED_LAST && lock->l_type == F_UNLCK)
		visit(BEGIN);
	else if (command == F_SETLK && lock->l_start == WAL_WRITE && lock->l_type == F_UNLCK)
		visit(UNLOCKED);
	else if (command == F_SETLK && lock->l_start == SHARED_FIRST && lock->l_type == F_RDLCK && rc == 0)
		visit(SHARES);
	return rc;
}

int fcntl(int fd, int command, ...)
{
	void *argument;
	va_list list;

	va_start(list, command);
	argument = va_arg(list, void *);
	va_end(list);
	return lock_and_visit("fcntl", fd, command, argument);
}

/* musl does not declare it. */
int fcntl64(int fd, int command, ...);

int fcntl64(int fd, int command, ...)
{
	void *argument;
	va_list list;

	va_start(list, command);
	argument = va_arg(list, void *);
	va_end(list);
	return lock_and_visit("fcntl64", fd, command, argument);
}

FILE *fopen(const char *path, const char *mode)
{
	FILE *(*next)(const char *, const char *);

	if (visited[BEGIN] && strcmp(path, "/proc/locks") == 0)
		visit(END);
	next_find("fopen", &next);
	return next(path, mode);
}
