/* loader.h - asks the dynamic loader about the objects of this process. */
#ifndef SQLPROD_ELF_LOADER_H
#define SQLPROD_ELF_LOADER_H

#include "base/library.h"

#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOADER_BUILD_ID 20 /* bytes, SHA-1; of a longer one the first */

struct loaded {
	char name[512];           /* as the loader has it: "" for the main program */
	const void *start, *stop; /* where it lies in memory */
	const ElfW(Phdr) * headers;
	size_t header_count;
	uintptr_t base;    /* what the addresses in its headers are relative to */
	uint64_t identity; /* another one for another object at its place, or for another build of the same */

	/* For loader_is_still(): the loader's own record of it, NULL if that is not known; its build id, if it has one. */
	const void *map;
	const unsigned char *build_id;
	unsigned char build_id_bytes[LOADER_BUILD_ID];
	bool is_program;
};

/* Is the object still loaded that this address of it was found in? Costs far less than loader_find(), and as little as that. */
bool loader_is_still(const struct loaded *loaded, const void *address);

/* The object that the address lies in. False if it lies in none (code made at run time). Unlike dladdr(3), which looks for the
 * nearest symbol as well, this costs little. It makes no system call, and takes no lock: dl_iterate_phdr()'s is not reset in a
 * forked child. Before glibc 2.35 it takes that one for code outside of the program itself. */
bool loader_find(const void *address, struct loaded *out);

/* The address that the name has in the scope of a loaded object (itself, then what it needs), or, for NULL, next after us in the
 * global scope. Never one of our own. NULL if there is none. */
void *loader_symbol(const char *object, const char *name);

/* Does another library define one of these functions before us in the search order? The answer never changes, as preloaded
 * libraries keep their order: *known, 0 at first, has it. The names end in NULL. */
bool loader_is_preceded(atomic_int *known, const char *const *names);

/* The symbol's first definition in any loaded object except ours. */
void *loader_symbol_anywhere(const char *name);

/* Does this address lie in our library? And the library's bounds. */
static inline bool loader_is_ours(const void *address)
{
	return library_is_any(address);
}

void loader_own_bounds(const void **start, const void **stop);

#endif
