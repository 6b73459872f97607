/* library.h - this library's place in the process, and other copies of it there.
 *
 * An installation of the whole machine and a service's own LD_PRELOAD may name two files. The first copy in the order of the global
 * scope serves the process; each further one tells it where it lies, and passes everything through. */
#ifndef SQLPROD_BASE_LIBRARY_H
#define SQLPROD_BASE_LIBRARY_H

#include <stdbool.h>

struct library_copy {
	const void *start, *stop;
	void *(*next)(const char *name); /* what the name leads to after that copy, whatever it is */
	struct library_copy *following;
};

/* Is another copy of the library serving this process? It learns of us by the first such call. */
bool library_is_second(void);

/* The other copies that are known; NULL if there is none. The list only grows. */
const struct library_copy *library_others(void);

/* Is this address in this copy? In any? */
bool library_is_own(const void *address);
bool library_is_any(const void *address);
void library_own_bounds(const void **start, const void **stop);

/* What the name leads to after all copies of the library in the global scope; NULL if there is nothing. */
void *library_next_symbol(const char *name);

/* Exported, so that all copies come to the first one's: takes in another copy, and returns itself. */
struct library_copy *sqlprod_join(struct library_copy *other);

#endif
