/* guard.h - what every exported function of the library needs: its visibility, its caller, and the guard against re-entry. */
#ifndef SQLPROD_BASE_GUARD_H
#define SQLPROD_BASE_GUARD_H

#include <stdbool.h>

#define HOOK __attribute__((visibility("default")))
#define HOOK_CALLER __builtin_return_address(0)
/* Where its caller's frame ends: the same for all calls from one frame, lower for those further in. */
#define HOOK_FRAME __builtin_dwarf_cfa()

/* How deep this thread is inside our own calls of SQLite. SQLite's internal calls of its exported functions come back to us
 * (Debian's is not linked with -Bsymbolic) and must pass; a callback of the program's may call us from there too, and must not. */
extern _Thread_local unsigned guard_depth;

/* Around our calls of SQLite. frame is that of the program's call (HOOK_FRAME), NULL if there is none that we know. A program may
 * leave them by longjmp() out of a callback: that is noticed at its next call that does not come from further in. */
void guard_enter(const void *frame);

static inline void guard_leave(void)
{
	guard_depth -= guard_depth > 0;
}

/* Did the program longjmp() out of the calls that guard_depth counts? frame is that of its present call. */
bool guard_was_unwound(const void *frame);

#endif
