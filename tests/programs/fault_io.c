/* fault_io.c - a library to preload after libsqlprod.so that makes system calls on some files fail, or ends the process at one.
 *
 *   FAULT_FILES   calls on files whose path holds this text are counted: /t.db
 *   FAULT_CALLS   of these kinds: open read write sync truncate mmap unlink lock; all if unset
 *   FAULT         what happens at the FAULT_AT-th: an errno's name (EIO ENOSPC EINTR ENOMEM EMFILE EACCES ENOLCK), or
 *                 short (half of it is read or written, and that is the answer), kill, or tear (half of it is written, then kill)
 *   FAULT_AT      a number from 1 on; with a + after it also at all later ones; with a % every one whose number it does not divide
 *   FAULT_COUNT   a file that gets the number of calls counted, when the process ends by exit()
 *
 * fsync() and its like do nothing: a killed process loses nothing that it has written. Sleeps are a thousandth as long. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { HANDLES = 16384 };

static bool counted[HANDLES];
static const char *files, *calls, *fault;
static unsigned long fault_at;
static char mode;
static atomic_ulong count;

static const struct {
	const char *name;
	int error;
} errors[] = {
	{"EIO", EIO},       {"ENOSPC", ENOSPC}, {"EINTR", EINTR},   {"ENOMEM", ENOMEM},
	{"EMFILE", EMFILE}, {"EACCES", EACCES}, {"ENOLCK", ENOLCK},
};

static __attribute__((constructor)) void begin(void)
{
	const char *at = getenv("FAULT_AT");
	char *end;

	files = getenv("FAULT_FILES");
	calls = getenv("FAULT_CALLS");
	fault = getenv("FAULT");
	if (at) {
		fault_at = strtoul(at, &end, 10);
		mode = *end;
	}
}

static __attribute__((destructor)) void end(void)
{
	const char *path = getenv("FAULT_COUNT");
	FILE *out = path ? fopen(path, "w") : NULL;

	if (!out)
		return;
	fprintf(out, "%lu\n", atomic_load(&count));
	fclose(out);
}

static bool is_counted(int fd)
{
	return fd >= 0 && fd < HANDLES && counted[fd];
}

static bool names_file(const char *path)
{
	return files && path && strstr(path, files);
}

static bool is_hit(const char *kind)
{
	unsigned long n;

	if (calls && !strstr(calls, kind))
		return false;
	n = atomic_fetch_add(&count, 1) + 1;
	if (!fault || !fault_at)
		return false;
	return mode == '+' ? n >= fault_at : mode == '%' ? n % fault_at != 0 : n == fault_at;
}

/* What is to happen at this call: 0 for nothing, an errno, or -1 for half of it. May not return. */
static int happens(const char *kind)
{
	if (!is_hit(kind))
		return 0;
	if (strcmp(fault, "kill") == 0 || (strcmp(fault, "tear") == 0 && strcmp(kind, "write") != 0))
		raise(SIGKILL);
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (strcmp(fault, errors[i].name) == 0)
			return errors[i].error;
	return strcmp(kind, "write") == 0 || strcmp(kind, "read") == 0 ? -1 : 0;
}

static int happens_to(const char *kind, int fd)
{
	return is_counted(fd) ? happens(kind) : 0;
}

#define REAL(function) __typeof__(&function) real = (__typeof__(&function))(size_t)dlsym(RTLD_NEXT, #function)

/* Fails the call by returning from the function around it. */
#define FAIL(kind, condition)                                                                                                      \
	do {                                                                                                                       \
		int error = (condition) ? happens(kind) : 0;                                                                       \
		if (error > 0) {                                                                                                   \
			errno = error;                                                                                             \
			return -1;                                                                                                 \
		}                                                                                                                  \
	} while (0)

static int remember(int fd, const char *path)
{
	if (fd >= 0 && fd < HANDLES)
		counted[fd] = names_file(path);
	return fd;
}

#define OPEN(name)                                                                                                                 \
	int name(const char *path, int flags, ...)                                                                                 \
	{                                                                                                                          \
		REAL(name);                                                                                                        \
		va_list arguments;                                                                                                 \
		mode_t bits;                                                                                                       \
		va_start(arguments, flags);                                                                                        \
		bits = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;                                                            \
		va_end(arguments);                                                                                                 \
		FAIL("open", names_file(path));                                                                                    \
		return remember(real(path, flags, bits), path);                                                                    \
	}

OPEN(open)
OPEN(open64)

int close(int fd)
{
	REAL(close);

	if (fd >= 0 && fd < HANDLES)
		counted[fd] = false;
	return real(fd);
}

#define READ(name, kind, buffer, extra, ...)                                                                                       \
	ssize_t name(int fd, buffer bytes, size_t size extra)                                                                      \
	{                                                                                                                          \
		REAL(name);                                                                                                        \
		int what = happens_to(kind, fd);                                                                                   \
		ssize_t done;                                                                                                      \
		if (what > 0) {                                                                                                    \
			errno = what;                                                                                              \
			return -1;                                                                                                 \
		}                                                                                                                  \
		done = real(fd, bytes, what < 0 ? size / 2 : size __VA_ARGS__);                                                    \
		if (what < 0 && strcmp(fault, "tear") == 0)                                                                        \
			raise(SIGKILL);                                                                                            \
		return done;                                                                                                       \
	}

#define COMMA ,

READ(read, "read", void *, , )
READ(pread, "read", void *, COMMA off_t offset, COMMA offset)
READ(pread64, "read", void *, COMMA off64_t offset, COMMA offset)
READ(write, "write", const void *, , )
READ(pwrite, "write", const void *, COMMA off_t offset, COMMA offset)
READ(pwrite64, "write", const void *, COMMA off64_t offset, COMMA offset)

int fsync(int fd)
{
	FAIL("sync", is_counted(fd));
	return 0;
}

int fdatasync(int fd)
{
	FAIL("sync", is_counted(fd));
	return 0;
}

int ftruncate(int fd, off_t size)
{
	REAL(ftruncate);

	FAIL("truncate", is_counted(fd));
	return real(fd, size);
}

int ftruncate64(int fd, off64_t size)
{
	REAL(ftruncate64);

	FAIL("truncate", is_counted(fd));
	return real(fd, size);
}

/* SQLite sleeps for 10 s in all where it finds that the WAL cannot be read. */
int usleep(useconds_t time)
{
	REAL(usleep);

	return real(fault ? time / 1000 : time);
}

int nanosleep(const struct timespec *time, struct timespec *left)
{
	REAL(nanosleep);
	const struct timespec shorter = {0, time->tv_sec * 1000000 + time->tv_nsec / 1000};

	return real(fault ? &shorter : time, left);
}

int unlink(const char *path)
{
	REAL(unlink);

	FAIL("unlink", names_file(path));
	return real(path);
}

#define MAP(name, offset_type)                                                                                                     \
	void *name(void *address, size_t size, int protection, int flags, int fd, offset_type offset)                              \
	{                                                                                                                          \
		REAL(name);                                                                                                        \
		int error = happens_to("mmap", fd);                                                                                \
		if (error > 0) {                                                                                                   \
			errno = error;                                                                                             \
			return MAP_FAILED;                                                                                         \
		}                                                                                                                  \
		return real(address, size, protection, flags, fd, offset);                                                         \
	}

MAP(mmap, off_t)
MAP(mmap64, off64_t)

/* To unlock does not fail. */
static bool is_lock(int command, const struct flock *lock)
{
	return (command == F_SETLK || command == F_SETLKW) && lock->l_type != F_UNLCK;
}

#define CONTROL(name)                                                                                                              \
	int name(int fd, int command, ...)                                                                                         \
	{                                                                                                                          \
		REAL(name);                                                                                                        \
		va_list arguments;                                                                                                 \
		void *argument;                                                                                                    \
		va_start(arguments, command);                                                                                      \
		argument = va_arg(arguments, void *);                                                                              \
		va_end(arguments);                                                                                                 \
		FAIL("lock", is_lock(command, argument) && is_counted(fd));                                                        \
		return real(fd, command, argument);                                                                                \
	}

CONTROL(fcntl)
CONTROL(fcntl64)
