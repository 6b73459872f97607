/* object.h - the loaded objects that open files the way SQLite does, each looked at once for copies of SQLite. */
#ifndef SQLPROD_OBJECT_H
#define SQLPROD_OBJECT_H

#include "apitable.h"

#include <stdbool.h>

#define OBJECT_TABLES 4

struct object {
	char path[512]; /* as the loader has it; the program's own for the main program */
	uintptr_t start, stop;
	const void *headers;           /* where its program headers lie: part of its identity */
	unsigned long long unloadings; /* of the process, when it was looked at */
	struct api_table tables[OBJECT_TABLES];
	size_t table_count;
	bool has_magic; /* no table, but what every SQLite holds */
};

/* The object that the code lies in, which must stay loaded meanwhile; looked at if it is new. False if the code lies in none.
 * Objects can be unloaded and their addresses used again: an entry is looked at again when the object there is another one.
 * Takes the loader's lock, then its own, never both. */
bool object_of_code(const void *code, struct object *out);

/* Its lock, for fork(). */
void object_lock(void);
void object_unlock(void);

#endif
