/* object.h - a cache of the loaded objects that open files as SQLite does, each searched once for copies of SQLite. */
#ifndef SQLPROD_ELF_OBJECT_H
#define SQLPROD_ELF_OBJECT_H

#include "elf/apitable.h"

#include <stdbool.h>

#define OBJECT_TABLES 4
#define OBJECT_CALLERS 4

/* An address of code that opens files, with a table found near it. */
struct object_caller {
	uintptr_t code;
	bool confirmed; /* a connection showed that the SQLite of that table opened the file */
};

struct object {
	char path[512]; /* as the loader names it; the executable's path for the main program */
	uintptr_t start, stop;
	const void *headers;           /* the address of its program headers, a part of its identity */
	unsigned long long unloadings; /* of the process (loader.h), when it was searched */
	struct api_table tables[OBJECT_TABLES];
	size_t table_count;
	bool whole; /* all of it was searched; else only the places near the callers */
	struct object_caller callers[OBJECT_CALLERS];
	size_t caller_count;
	enum { MAGIC_UNKNOWN, MAGIC_MISSING, MAGIC_THERE } magic; /* does it hold the string that every SQLite holds? */
};

/* Copies out the object that the code lies in, and searches it near the code if object or code are new. False if the code lies in
 * no object. The object must stay loaded during the call. Objects can be unloaded and their addresses reused: an entry is searched
 * again if the object at its address is another one. Takes the loader's lock, then its own, never both at once. */
bool object_of_code(const void *code, struct object *out);

/* The same, but searches the whole object. */
bool object_search_whole(const void *code, struct object *out);

/* The same, but returns whether the object has a SQLite at all, with a table or without. */
bool object_has_sqlite(const void *code, struct object *out);

/* Might this code belong to a copy of SQLite in the object that was not found? */
bool object_is_doubtful(const struct object *object, const void *code);

/* Records that this code opened the file of a connection made by the copy with this table, so that the code is no longer
 * doubtful. */
void object_confirm(const void *code, const void *table);

/* The cache's lock, for fork(). */
void object_lock(void);
void object_unlock(void);

#endif
