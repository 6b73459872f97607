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
	char version[16]; /* "3.40.1" */
	unsigned number;  /* 3040001 */
};

/* Finds up to limit tables; returns how many. Reads the image's bytes only, all of which must be readable. */
size_t apitable_find(const struct image *image, struct api_table *out, size_t limit);

/* Does the object hold the string that every database file begins with? Then it has a SQLite, though without a table. */
bool apitable_has_magic(const struct image *image);

#endif
