/* hook_execve.c - the functions by which a process becomes another program: that may copy databases which this one has open
 * (checkpoints.h).
 *
 * A process that has none open pays for one look at memory. A child of vfork() copies nothing: the connections are its parent's. */
#include "base/guard.h"
#include "embedded/real.h"
#include "policy/checkpoints.h"

#include <alloca.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

static int kernel_execve(const char *path, char *const arguments[], char *const environment[])
{
	return (int)syscall(SYS_execve, path, arguments, environment);
}

static int kernel_execv(const char *path, char *const arguments[])
{
	return kernel_execve(path, arguments, environ);
}

static int no_execvpe(const char *file, char *const arguments[], char *const environment[])
{
	(void)file;
	(void)arguments;
	(void)environment;
	errno = ENOSYS;
	return -1;
}

static int no_execvp(const char *file, char *const arguments[])
{
	return no_execvpe(file, arguments, environ);
}

static int no_fexecve(int fd, char *const arguments[], char *const environment[])
{
	(void)fd;
	return no_execvpe(NULL, arguments, environment);
}

HOOK int execve(const char *path, char *const arguments[], char *const environment[])
{
	checkpoint_all();
	return REAL(execve, kernel_execve)(path, arguments, environment);
}

HOOK int execv(const char *path, char *const arguments[])
{
	checkpoint_all();
	return REAL(execv, kernel_execv)(path, arguments);
}

HOOK int execvp(const char *file, char *const arguments[])
{
	checkpoint_all();
	return REAL(execvp, no_execvp)(file, arguments);
}

int execvpe(const char *file, char *const arguments[], char *const environment[]);
HOOK int execvpe(const char *file, char *const arguments[], char *const environment[])
{
	checkpoint_all();
	return REAL(execvpe, no_execvpe)(file, arguments, environment);
}

HOOK int fexecve(int fd, char *const arguments[], char *const environment[])
{
	checkpoint_all();
	return REAL(fexecve, no_fexecve)(fd, arguments, environment);
}

int execveat(int folder, const char *path, char *const arguments[], char *const environment[], int flags);

static int kernel_execveat(int folder, const char *path, char *const arguments[], char *const environment[], int flags)
{
	return (int)syscall(SYS_execveat, folder, path, arguments, environment, flags);
}

HOOK int execveat(int folder, const char *path, char *const arguments[], char *const environment[], int flags)
{
	checkpoint_all();
	return REAL(execveat, kernel_execveat)(folder, path, arguments, environment, flags);
}

/* The arguments up to the null pointer, and that. */
static size_t count(const char *first, va_list *list)
{
	size_t n = 1;

	for (const char *argument = first; argument; argument = va_arg(*list, const char *))
		n++;
	return n;
}

static void fill(char **arguments, const char *first, va_list *list)
{
	for (const char *argument = first; argument; argument = va_arg(*list, const char *))
		*arguments++ = (char *)(uintptr_t)argument;
	*arguments = NULL;
}

/* On the stack, as libc does it: a child of fork() may be the caller, and memory is not to be had there. */
#define LISTED(first, call)                                                                                                        \
	va_list list;                                                                                                              \
	va_start(list, first);                                                                                                     \
	char **arguments = alloca(count(first, &list) * sizeof(*arguments));                                                       \
	va_end(list);                                                                                                              \
	va_start(list, first);                                                                                                     \
	fill(arguments, first, &list);                                                                                             \
	call;                                                                                                                      \
	va_end(list)

HOOK int execl(const char *path, const char *first, ...)
{
	LISTED(first, );
	return execv(path, arguments);
}

HOOK int execlp(const char *file, const char *first, ...)
{
	LISTED(first, );
	return execvp(file, arguments);
}

HOOK int execle(const char *path, const char *first, ...)
{
	char *const *environment;

	LISTED(first, environment = va_arg(list, char *const *));
	return execve(path, arguments, environment);
}
