/* trace_calls.c - preloaded before a library built with -finstrument-functions: notes which of its functions are entered and left.
 *
 * trace_calls(true) begins anew, trace_calls(false) ends. At exit a line for each is written to the file that TRACE_CALLS names: a
 * direction, > or <, and the function's address in the library. */
#include "trace_calls.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

static struct {
	char direction;
	void *function;
} calls[1 << 16];
static unsigned count;
static bool on;

void trace_calls(bool start)
{
	if (start)
		count = 0;
	on = start;
}

static void note(char direction, void *function)
{
	if (!on || count == sizeof(calls) / sizeof(*calls))
		return;
	calls[count].direction = direction;
	calls[count++].function = function;
}

void __cyg_profile_func_enter(void *function, void *caller);
void __cyg_profile_func_enter(void *function, void *caller)
{
	(void)caller;
	note('>', function);
}

void __cyg_profile_func_exit(void *function, void *caller);
void __cyg_profile_func_exit(void *function, void *caller)
{
	(void)caller;
	note('<', function);
}

__attribute__((destructor)) static void end(void)
{
	const char *name = getenv("TRACE_CALLS");
	FILE *file = name && count ? fopen(name, "w") : NULL;
	Dl_info object;

	if (!file)
		return;
	for (unsigned i = 0; i < count; i++)
		if (dladdr(calls[i].function, &object))
			fprintf(file, "%c 0x%016zx\n", calls[i].direction,
				(size_t)((char *)calls[i].function - (char *)object.dli_fbase));
	fclose(file);
}
