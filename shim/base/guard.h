/* guard.h - what every exported function needs: its visibility, its caller, and the guard against re-entry. */
#ifndef SQLPROD_BASE_GUARD_H
#define SQLPROD_BASE_GUARD_H

#include <stdbool.h>

#define HOOK __attribute__((visibility("default")))
#define HOOK_CALLER __builtin_return_address(0)
/* Where the caller's frame ends: the same address for all calls from one frame, a lower one for calls from deeper frames. */
#define HOOK_FRAME __builtin_dwarf_cfa()

/* How deeply this thread is nested in our own calls of SQLite. SQLite's internal calls of its exported functions reach our hooks
 * (Debian's library is not linked with -Bsymbolic) and must pass through. A callback of the program can call the hooks from there
 * too, and those calls must be served. */
extern _Thread_local unsigned guard_depth;

extern _Thread_local const void *guard_outermost; /* the frame that raised guard_depth from 0; NULL if unknown */
void guard_enter_inside(const void *frame);

/* Enclose our calls of SQLite. frame is that of the program's call (HOOK_FRAME), or NULL if it is unknown. A program may longjmp()
 * out of a callback past guard_leave(): its next call that does not come from a deeper frame detects that. */
static inline void guard_enter(const void *frame)
{
	if (__builtin_expect(guard_depth > 0, 0)) {
		guard_enter_inside(frame);
		return;
	}
	guard_depth = 1;
	guard_outermost = frame;
}

static inline void guard_leave(void)
{
	guard_depth -= guard_depth > 0;
}

/* Did the program longjmp() out of the calls that guard_depth counts? frame is that of its current call. */
bool guard_was_unwound(const void *frame);

#endif
