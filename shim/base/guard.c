/* guard.c - how deep this thread is inside the library's own calls of SQLite. */
#include "base/guard.h"

#include <stdint.h>

/* A stack further away is another one, of a coroutine. */
#define NEAR (1U << 20)

_Thread_local unsigned guard_depth;
static _Thread_local const void *outermost; /* the frame that guard_depth was raised from, while it is; NULL if it is not known */

bool guard_was_unwound(const void *frame)
{
	return (uintptr_t)frame - (uintptr_t)outermost < NEAR;
}

void guard_enter(const void *frame)
{
	if (guard_depth > 0 && !guard_was_unwound(frame)) {
		guard_depth++;
		return;
	}
	guard_depth = 1;
	outermost = frame;
}
