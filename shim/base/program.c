/* program.c - the names of the program: its executable, and the script that it runs. */
#include "base/program.h"

#include "base/glibc.h"
#include "base/path.h"
#include "base/process.h"
#include "base/script.h"
#include "base/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PATH_SIZE 4096

static char script[2 * PATH_SIZE];  /* an absolute path, or the name of a module; "" for none */
static char started[2 * PATH_SIZE]; /* the file that execve() was given; "" if that is not known */
static bool script_is_module;

/* Makes the path absolute. Links in it stay: their names are what the operator knows. */
static void path_note(const char *path, char *out, size_t size)
{
	char folder[PATH_SIZE];

	while (path[0] == '.' && path[1] == '/')
		path += 2;
	if (*path == '/' || !getcwd(folder, sizeof(folder)))
		snprintf(out, size, "%s", path);
	else
		snprintf(out, size, "%s/%s", folder, path);
}

/* By system calls: open() would call our own hook. */
static size_t read_arguments(char *out, size_t size)
{
	int fd = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/cmdline", O_RDONLY | O_CLOEXEC, 0);
	ssize_t n = fd >= 0 ? read(fd, out, size) : 0;

	if (fd >= 0)
		syscall(SYS_close, fd);
	if (n == (ssize_t)size)
		out[size - 1] = '\0';
	return n > 0 ? (size_t)n : 0;
}

static void find_names(void)
{
	const char *file = (const char *)getauxval(AT_EXECFN), *found;
	char arguments[PATH_SIZE];
	size_t length = read_arguments(arguments, sizeof(arguments));

	if (file)
		path_note(file, started, sizeof(started));
	found = script_find(path_name(process_executable()), arguments, length, &script_is_module);
	if (found && script_is_module)
		snprintf(script, sizeof(script), "%s", found);
	else if (found)
		path_note(found, script, sizeof(script));
}

void program_note_names(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	int error = errno;

	glibc_once(&once, find_names);
	errno = error;
}

/* A module is known by its name, and by the last part of it. */
static bool module_matches(const char *patterns)
{
	const char *dot = strrchr(script, '.');

	return settings_match(patterns, script) || (dot && settings_match(patterns, dot + 1));
}

bool program_matches(const char *patterns)
{
	program_note_names();
	return settings_match(patterns, program_invocation_short_name) || settings_match_path(patterns, process_executable()) ||
	       settings_match_path(patterns, started) ||
	       (script_is_module ? module_matches(patterns) : settings_match_path(patterns, script));
}
