/* search.h - where in an object may a table of pointers lie, and where does it probably?
 *
 * In a position-independent object it was relocated, so it lies in what the loader has just written. In a fixed one it may lie
 * anywhere among the constants, of which a large program has a hundred megabytes. But a compiler puts the constants of a
 * compilation unit together, and the unit's code refers to them: so they are near what code refers to that is near the code. */
#ifndef SQLPROD_ELF_SEARCH_H
#define SQLPROD_ELF_SEARCH_H

#include "elf/image.h"

/* How far around what the code refers to a table is likely. */
#define SEARCH_NEAR 0x10000

#define SEARCH_PLACES 32

/* All of a place lies in one segment. */
struct place {
	const struct segment *segment;
	uintptr_t start, stop;
};

/* Everywhere it may lie; returns how many places. */
size_t search_everywhere(const struct image *image, struct place out[SEARCH_PLACES]);

/* Where it lies probably, if it is of the same compilation unit as the code; the likeliest first. They may overlap. Everywhere,
 * where that is little, or the loader has written it anyway. */
size_t search_near(const struct image *image, uintptr_t code, struct place out[SEARCH_PLACES]);

#endif
