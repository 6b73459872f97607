/* object.h - the loaded objects that open files the way SQLite does, each looked at once for copies of SQLite. */
#ifndef SQLPROD_ELF_OBJECT_H
#define SQLPROD_ELF_OBJECT_H

#include "elf/apitable.h"

#include <stdbool.h>

#define OBJECT_TABLES 4
#define OBJECT_CALLERS 4

/* Code that opens files, near which a table was found. */
struct object_caller {
	uintptr_t code;
	bool confirmed; /* that table's SQLite was seen to be the one that opened */
};

struct object {
	char path[512]; /* as the loader has it; the program's own for the main program */
	uintptr_t start, stop;
	const void *headers;           /* where its program headers lie: part of its identity */
	unsigned long long unloadings; /* of the process, when it was looked at */
	struct api_table tables[OBJECT_TABLES];
	size_t table_count;
	bool whole; /* all of it was searched; else only near the callers */
	struct object_caller callers[OBJECT_CALLERS];
	size_t caller_count;
	enum { MAGIC_UNKNOWN, MAGIC_MISSING, MAGIC_THERE } magic; /* has it what every SQLite holds? */
};

/* The object that the code lies in, which must stay loaded meanwhile; looked at if it is new, or if the code is. False if the code
 * lies in none. Objects can be unloaded and their addresses used again: an entry is looked at again when the object there is
 * another one. Takes the loader's lock, then its own, never both. */
bool object_of_code(const void *code, struct object *out);

/* The same, and searches all of it. */
bool object_search_whole(const void *code, struct object *out);

/* The same, and tells whether it carries a SQLite at all, with a table or without. */
bool object_has_sqlite(const void *code, struct object *out);

/* Might the object have another copy of SQLite than was found, to which this code belongs? */
bool object_is_doubtful(const struct object *object, const void *code);

/* The copy with this table made a connection, for which this code opened the file: no doubt is left of that code. */
void object_confirm(const void *code, const void *table);

/* Its lock, for fork(). */
void object_lock(void);
void object_unlock(void);

#endif
