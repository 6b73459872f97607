/* apitable.h - finds a copy of SQLite inside a loaded object by its table of functions for extensions.
 *
 * Every SQLite that can load extensions holds one constant struct sqlite3_api_routines (sqlite3ext.h), even in a stripped object:
 * an array of pointers into the object's own text. Three of its functions return constants that must agree (version, version
 * number, source id). The constants are read from the machine code (code.h); no function that is found is called here. */
#ifndef SQLPROD_ELF_APITABLE_H
#define SQLPROD_ELF_APITABLE_H

#include "elf/image.h"

struct api_table {
	uintptr_t address;
	uint64_t fingerprint; /* of its pointers; distinguishes builds that were loaded at the same address one after the other */
	unsigned number;      /* 3040001 */
	char version[16];     /* "3.40.1" */
};

/* Finds up to limit tables; returns how many. Reads the image's bytes only. */
size_t apitable_find(const struct image *image, struct api_table *out, size_t limit);

/* The same, but searches only where the table that belongs to this code probably lies (search.h), and returns only tables whose
 * functions lie near the code. Reads little of a large object. */
size_t apitable_find_near(const struct image *image, uintptr_t code, struct api_table *out, size_t limit);

/* Adds the table to the array, or replaces the one with the same address. table may point into the same array, past *count. False
 * if the array is full. */
bool apitable_add(struct api_table *tables, size_t *count, size_t limit, const struct api_table *table);

/* Is the table that was found earlier in this object still there? Cheap. */
bool apitable_is_there(const struct image *image, const struct api_table *table);

/* The fingerprint of the table at that address. */
uint64_t apitable_fingerprint(const void *table);

/* Does the object hold the string that every database file begins with? Then it has a SQLite, even if no table was found. */
bool apitable_has_magic(const struct image *image);

#endif
