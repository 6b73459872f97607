/* symbol_table.h - the table of the symbols that a loaded object defines: elf(5). Reads memory only. */
#ifndef SQLPROD_BASE_SYMBOL_TABLE_H
#define SQLPROD_BASE_SYMBOL_TABLE_H

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbol_table {
	uintptr_t base;
	const ElfW(Sym) * symbols;
	const char *names;
	const ElfW(Half) * versions; /* NULL if the object has none */
	const uint32_t *hashes;      /* DT_GNU_HASH; NULL if it has an older table only, or none */
	const uint32_t *old_hashes;  /* DT_HASH, where there is no other */
	const char *own_name;        /* the object's; NULL if it has none */
};

/* A name, and its hash. */
struct symbol_name {
	const char *text;
	uint32_t hash;
};

struct symbol_name symbol_name_of(const char *text);

/* Fills *out in from an object's dynamic section, which may be NULL. False if it has no table that could be searched. */
bool symbol_table_find(const ElfW(Dyn) * section, uintptr_t base, struct symbol_table *out);

/* The default version of the symbol, if the object defines a function or a variable of that name; else NULL. */
const ElfW(Sym) * symbol_table_look_up(const struct symbol_table *table, struct symbol_name name);

/* Where it lies; NULL if a function chooses that by the processor (STT_GNU_IFUNC). */
void *symbol_table_address(const struct symbol_table *table, const ElfW(Sym) * symbol);

#endif
