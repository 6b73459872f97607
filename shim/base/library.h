/* library.h - this library's place in the process, and other copies of it there.
 *
 * An installation of the whole machine and a service's own LD_PRELOAD may name two files. The first copy in the order of the global
 * scope serves the process; each further one reports its own bounds to it, and passes everything through. */
#ifndef SQLPROD_BASE_LIBRARY_H
#define SQLPROD_BASE_LIBRARY_H

#include <stdatomic.h>
#include <stdbool.h>

struct library_copy {
	const void *start, *stop;
	void *(*next)(const char *name); /* the symbol's next definition after that copy, wherever it is */
	struct library_copy *following;
};

/* Does another copy of the library serve this process? The first such call reports this copy to it. */
bool library_is_second(void);

/* The other copies that are known; NULL if there is none. The list only grows. */
const struct library_copy *library_others(void);

/* Set by the linker. */
extern const char __ehdr_start[] __attribute__((visibility("hidden")));
extern const char _end[] __attribute__((visibility("hidden")));

/* Does this address lie in this copy? In another one? In any? */
static inline bool library_is_own(const void *address)
{
	return (const char *)address >= __ehdr_start && (const char *)address < _end;
}

extern struct library_copy *_Atomic library_first_other __attribute__((visibility("hidden")));
bool library_is_other(const void *address);

static inline bool library_is_any(const void *address)
{
	return library_is_own(address) ||
	       (atomic_load_explicit(&library_first_other, memory_order_acquire) && library_is_other(address));
}

/* The first address of this copy in memory, and the first one after it. */
void library_own_bounds(const void **start, const void **stop);

/* The symbol's next definition in the global scope that lies in no copy of the library; NULL if there is none. Takes the loader's
 * lock only if no object that came with the program has it. */
void *library_next_symbol(const char *name);

/* The symbol's first definition in the global scope, which may be ours; NULL if there is none. The lock as above. */
void *library_first_symbol(const char *name);

/* The next definition in objects that came with the program only, without the loader's lock. NULL also where that lock would be
 * needed. */
void *library_next_symbol_unlocked(const char *name);

/* Exported, so that the loader binds the call of every copy to the first one: adds the other copy to its list, and returns its own
 * record. */
struct library_copy *sqlprod_join(struct library_copy *other);

#endif
