/* next_symbol.c - reads the tables of symbols of the loaded objects, one after the other, as the loader shows them to a debugger.
 */
#include "base/next_symbol.h"

#include "base/dynamic_section.h"
#include "base/program_headers.h"
#include "base/symbol_table.h"

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The first object, the program. */
static const struct link_map *first_object(void)
{
	struct program_headers headers = program_headers_get();
	const ElfW(Dyn) *entry = dynamic_section_find(headers.first, headers.count, headers.base);
	const struct r_debug *debug = NULL;

	for (; entry && entry->d_tag != DT_NULL; entry++)
		if (entry->d_tag == DT_DEBUG)
			debug = (const void *)entry->d_un.d_ptr;
	return debug ? debug->r_map : NULL;
}

/* libc and the loader, which libc needs: what has come with the program ends with the later of the two, or after it. */
struct passed {
	bool libc, loader;
};

static void pass(struct passed *passed, const char *own_name)
{
	if (!own_name)
		return;
	passed->libc |= strncmp(own_name, "libc.so.", 8) == 0;
	passed->loader |= strncmp(own_name, "ld", 2) == 0 && strstr(own_name, ".so.");
}

/* What the program has loaded later may go at any time. In the first object after that with the section, or in any without one. */
static bool find(struct symbol_name name, const ElfW(Dyn) * after, struct symbol_table *table, const ElfW(Sym) * *symbol)
{
	const struct link_map *object = first_object();
	struct passed passed = {.libc = false};
	bool is_after = !after;

	for (; object && !(passed.libc && (passed.loader || !is_after)); object = object->l_next) {
		if (!symbol_table_find(object->l_ld, object->l_addr, table) && is_after)
			return false;
		*symbol = is_after ? symbol_table_look_up(table, name) : NULL;
		if (*symbol)
			return true;
		is_after |= object->l_ld == after;
		pass(&passed, table->own_name);
	}
	return false;
}

void *next_symbol_find(const char *name, const ElfW(Dyn) * after)
{
	struct symbol_table table;
	const ElfW(Sym) * symbol;

	return after && find(symbol_name_of(name), after, &table, &symbol) ? symbol_table_address(&table, symbol) : NULL;
}

void *next_symbol_first(const char *name)
{
	struct symbol_table table;
	const ElfW(Sym) * symbol;

	return find(symbol_name_of(name), NULL, &table, &symbol) ? symbol_table_address(&table, symbol) : NULL;
}
