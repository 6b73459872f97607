/* guard.c - counts how deeply this thread is nested in the library's own calls of SQLite. */
#include "base/guard.h"

#include <stdint.h>

/* Frames further apart than this lie on different stacks: one is a coroutine's. */
#define NEAR (1U << 20)

_Thread_local unsigned guard_depth;
_Thread_local const void *guard_outermost;

bool guard_was_unwound(const void *frame)
{
	return (uintptr_t)frame - (uintptr_t)guard_outermost < NEAR;
}

void guard_enter_inside(const void *frame)
{
	if (!guard_was_unwound(frame)) {
		guard_depth++;
		return;
	}
	guard_depth = 1;
	guard_outermost = frame;
}
