/* process.c - reads /proc/self/exe once. */
#include "base/process.h"

#include "base/glibc.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static char executable[4096];

static void find_executable(void)
{
	ssize_t n = readlink("/proc/self/exe", executable, sizeof(executable) - 1);

	if (n > 0)
		executable[n] = '\0';
	else
		snprintf(executable, sizeof(executable), "%s", program_invocation_name);
}

const char *process_executable(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	glibc_once(&once, find_executable);
	return executable;
}
