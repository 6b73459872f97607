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
	uint64_t identity; /* loader.h */
	uint64_t start, stop;
	char path[512]; /* as the loader has it: object_path() */
	struct api_table tables[OBJECT_TABLES];
	size_t table_count;
	bool whole; /* all of it was searched; else only the places near the callers */
	struct object_caller callers[OBJECT_CALLERS];
	size_t caller_count;
	enum { MAGIC_UNKNOWN, MAGIC_MISSING, MAGIC_THERE } magic; /* does it hold the string that every SQLite holds? */
};

/* The object that the code lies in, which must stay loaded meanwhile; looked at if it is new, or if the code is. False if the code
 * lies in none. Objects can be unloaded and their addresses used again: an entry is looked at again when the object there is
 * another one. No lock is taken but loader_find()'s: in a signal handler, after fork(), this waits for nothing. */
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

/* Its path; the program's own for the main program. */
const char *object_path(const struct object *object);

#endif
