/* loader.h - asks the dynamic loader about the objects of this process. */
#ifndef SQLPROD_ELF_LOADER_H
#define SQLPROD_ELF_LOADER_H

#include <stdbool.h>

struct loaded {
	char name[512];                /* as the loader names it: "" for the main program */
	const void *start, *stop;      /* its bounds in memory */
	unsigned long long unloadings; /* how many objects the process had unloaded at that time */
};

/* Finds the object that the address lies in. False if there is none (code generated at run time). Cheap, unlike dladdr(3), which
 * also searches for the nearest symbol. Takes the loader's lock. */
bool loader_find(const void *address, struct loaded *out);

/* How many objects the process has unloaded. While the number stays the same, every object is still where it was. */
unsigned long long loader_unloadings(void);

/* The symbol's address in the scope of a loaded object (the object, then what it needs), or, for object NULL, the next definition
 * after ours in the global scope. Never one of our own functions. NULL if there is none. */
void *loader_symbol(const char *object, const char *name);

/* The symbol's first definition in the global scope, which may be ours. */
void *loader_symbol_first(const char *name);

/* The symbol's first definition in any loaded object except ours. */
void *loader_symbol_anywhere(const char *name);

/* Does this address lie in our library? And the library's bounds. */
bool loader_is_ours(const void *address);
void loader_own_bounds(const void **start, const void **stop);

#endif
