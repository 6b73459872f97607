/* loader.h - asks the dynamic loader about the objects of this process. */
#ifndef SQLPROD_ELF_LOADER_H
#define SQLPROD_ELF_LOADER_H

#include <stdbool.h>

struct loaded {
	char name[512];                /* as the loader has it: "" for the main program */
	const void *start, *stop;      /* where it lies in memory */
	unsigned long long unloadings; /* how many objects the process had unloaded by then */
};

/* The object that the address lies in. False if it lies in none (code made at run time). Unlike dladdr(3), which looks for the
 * nearest symbol as well, this costs little. Takes the loader's lock. */
bool loader_find(const void *address, struct loaded *out);

/* How many objects the process has unloaded: as long as this stays, what lay where still does. */
unsigned long long loader_unloadings(void);

/* The address that the name has in the scope of a loaded object (itself, then what it needs), or, for NULL, next after us in the
 * global scope. Never one of our own. NULL if there is none. */
void *loader_symbol(const char *object, const char *name);

/* The first one in the global scope, ours too. */
void *loader_symbol_first(const char *name);

/* The first in any loaded object, but ours. */
void *loader_symbol_anywhere(const char *name);

/* Is this address ours? And our bounds. */
bool loader_is_ours(const void *address);
void loader_own_bounds(const void **start, const void **stop);

#endif
