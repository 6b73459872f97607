/* search.h - finds the places in an object where a table of pointers can lie, and where it probably lies.
 *
 * In a position-independent object the table was relocated, so it lies in pages that the loader has written. In a fixed object it
 * can lie anywhere among the constants, of which a large program has a hundred megabytes. But a compiler keeps the constants of a
 * compilation unit together, and the unit's code refers to them: so the table is near the addresses that neighbouring code refers
 * to. */
#ifndef SQLPROD_ELF_SEARCH_H
#define SQLPROD_ELF_SEARCH_H

#include "elf/image.h"

/* How far from an address that the code refers to a table is likely. */
#define SEARCH_NEAR 0x10000

#define SEARCH_PLACES 32

/* A range of addresses within one segment. */
struct place {
	const struct segment *segment;
	uintptr_t start, stop;
};

/* All places where a table can lie. Returns their number. */
size_t search_everywhere(const struct image *image, struct place out[SEARCH_PLACES]);

/* The places where a table of the same compilation unit as the code probably lies, the likeliest first; they may overlap. All
 * places if these are small, or in pages that the loader has written anyway. */
size_t search_near(const struct image *image, uintptr_t code, struct place out[SEARCH_PLACES]);

#endif
