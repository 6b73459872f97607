/* apitable.h - finds a copy of SQLite inside a loaded object by its table of functions for extensions.
 *
 * Every SQLite that can load extensions holds one constant struct sqlite3_api_routines (sqlite3ext.h), whatever names were
 * stripped: a run of pointers into the object's own text. Three of its functions return constants that must agree. They are
 * decoded, and nothing that is found is ever called from here. */
#ifndef SQLPROD_APITABLE_H
#define SQLPROD_APITABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct segment {
	uintptr_t start, stop; /* as pointers of the object have it; stop is behind the part that comes from the file */
	const unsigned char *bytes;
	unsigned flags; /* PF_R, PF_W, PF_X: elf(5) */
};

/* A loaded object, or a file laid out like one. */
struct image {
	struct segment segments[16];
	unsigned count;
	uintptr_t relro_start, relro_stop; /* PT_GNU_RELRO; equal if there is none */
	uintptr_t ours_start,
		ours_stop; /* our own functions, which a table of an exporting library points to for those we interpose */
	bool fixed;        /* not position-independent: tables need no relocation */
	unsigned machine;  /* EM_X86_64 or EM_AARCH64 */
};

struct api_table {
	uintptr_t address;
	uint64_t fingerprint; /* of its pointers: tells builds apart that were loaded at the same place, one after the other */
	unsigned number;      /* 3040001 */
	char version[16];     /* "3.40.1" */
};

/* Finds up to limit tables; returns how many. Reads the image's bytes only, all of which must be readable, and each segment's
 * aligned to a word as its address is. */
size_t apitable_find(const struct image *image, struct api_table *out, size_t limit);

/* Is the table that was found in an object of this name and place still there? Costs little. */
bool apitable_is_there(const struct image *image, const struct api_table *table);

/* The fingerprint of the table at that address. */
uint64_t apitable_fingerprint(const void *table);

/* Does the object hold the string that every database file begins with? Then it has a SQLite, though without a table. */
bool apitable_has_magic(const struct image *image);

#endif
