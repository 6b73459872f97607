/* apitable.h - finds a copy of SQLite inside a loaded object by its table of functions for extensions.
 *
 * Every SQLite that can load extensions holds one constant struct sqlite3_api_routines (sqlite3ext.h), whatever names were
 * stripped: a run of pointers into the object's own text. Three of its functions return constants that must agree. They are
 * read (code.h), and nothing that is found is ever called from here. */
#ifndef SQLPROD_ELF_APITABLE_H
#define SQLPROD_ELF_APITABLE_H

#include "elf/image.h"

struct api_table {
	uintptr_t address;
	uint64_t fingerprint; /* of its pointers: tells builds apart that were loaded at the same place, one after the other */
	unsigned number;      /* 3040001 */
	char version[16];     /* "3.40.1" */
};

/* Finds up to limit tables; returns how many. Reads the image's bytes only. */
size_t apitable_find(const struct image *image, struct api_table *out, size_t limit);

/* The same, but looks only where the table probably lies that belongs to this code (search.h), and gives it back only if its
 * functions lie around the code: else 0. Reads little of a large object. */
size_t apitable_find_near(const struct image *image, uintptr_t code, struct api_table *out, size_t limit);

/* Adds the table to those, or puts it in the place of the one with its address; it may lie behind them in the same array. False if
 * there are limit already. */
bool apitable_add(struct api_table *tables, size_t *count, size_t limit, const struct api_table *table);

/* Is the table that was found in an object of this name and place still there? Costs little. */
bool apitable_is_there(const struct image *image, const struct api_table *table);

/* The fingerprint of the table at that address. */
uint64_t apitable_fingerprint(const void *table);

/* Does the object hold the string that every database file begins with? Then it has a SQLite, though without a table. */
bool apitable_has_magic(const struct image *image);

#endif
