/* next_symbol.c - reads the tables of symbols of the loaded objects, one after the other, as the loader shows them to a debugger.
 */
#include "base/next_symbol.h"

#include "base/dynamic_section.h"
#include "base/program_headers.h"

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define HIDDEN_VERSION 0x8000

struct symbols {
	const ElfW(Sym) * table;
	const char *names;
	const ElfW(Half) * versions; /* NULL if the object has none */
	const uint32_t *hashes;
	const char *own_name; /* the object's; NULL if it has none */
};

static uint32_t hash_of(const char *name)
{
	uint32_t hash = 5381;

	for (; *name; name++)
		hash = hash * 33 + (unsigned char)*name;
	return hash;
}

/* Where the program's dynamic section is. */
static const ElfW(Dyn) * program_section(void)
{
	struct program_headers headers = program_headers_get();

	for (size_t i = 0; i < headers.count; i++)
		if (headers.first[i].p_type == PT_DYNAMIC)
			return (const void *)(headers.base + headers.first[i].p_vaddr);
	return NULL;
}

/* The first object, the program. */
static const struct link_map *first_object(void)
{
	const ElfW(Dyn) *entry = program_section();
	const struct r_debug *debug = NULL;

	for (; entry && entry->d_tag != DT_NULL; entry++)
		if (entry->d_tag == DT_DEBUG)
			debug = (const void *)entry->d_un.d_ptr;
	return debug ? debug->r_map : NULL;
}

static const void *at(const struct link_map *object, uintptr_t pointer)
{
	return dynamic_section_at(object->l_addr, pointer);
}

static bool find_symbols(const struct link_map *object, struct symbols *out)
{
	size_t own_name = 0;

	*out = (struct symbols){.table = NULL};
	for (const ElfW(Dyn) *entry = object->l_ld; entry && entry->d_tag != DT_NULL; entry++) {
		if (entry->d_tag == DT_SYMTAB)
			out->table = at(object, entry->d_un.d_ptr);
		else if (entry->d_tag == DT_STRTAB)
			out->names = at(object, entry->d_un.d_ptr);
		else if (entry->d_tag == DT_VERSYM)
			out->versions = at(object, entry->d_un.d_ptr);
		else if (entry->d_tag == DT_GNU_HASH)
			out->hashes = at(object, entry->d_un.d_ptr);
		else if (entry->d_tag == DT_SONAME)
			own_name = entry->d_un.d_val;
	}
	out->own_name = own_name && out->names ? out->names + own_name : NULL;
	return out->table && out->names && out->hashes;
}

static unsigned type_of(const ElfW(Sym) * symbol)
{
	return symbol->st_info & 15;
}

static bool is_wanted(const struct symbols *symbols, uint32_t index, const char *name)
{
	const ElfW(Sym) *symbol = &symbols->table[index];

	return symbol->st_shndx != SHN_UNDEF && (type_of(symbol) == STT_FUNC || type_of(symbol) == STT_GNU_IFUNC) &&
	       !(symbols->versions && (symbols->versions[index] & HIDDEN_VERSION)) &&
	       strcmp(symbols->names + symbol->st_name, name) == 0;
}

/* The section is four numbers, a Bloom filter, buckets with the index of their first symbol each, and of each symbol a hash whose
 * lowest bit ends its bucket. */
static const ElfW(Sym) * look_up(const struct symbols *symbols, const char *name, uint32_t wanted)
{
	uint32_t bucket_count = symbols->hashes[0], first = symbols->hashes[1], filter_words = symbols->hashes[2];
	const uint32_t *buckets = symbols->hashes + 4 + filter_words * (sizeof(ElfW(Addr)) / sizeof(uint32_t));
	const uint32_t *chain = buckets + bucket_count;
	uint32_t index = bucket_count ? buckets[wanted % bucket_count] : 0;

	if (index < first || index == 0)
		return NULL;
	for (;; index++) {
		uint32_t hash = chain[index - first];

		if ((hash | 1) == (wanted | 1) && is_wanted(symbols, index, name))
			return &symbols->table[index];
		if (hash & 1)
			return NULL;
	}
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

/* What the program has loaded later may go at any time. */
void *next_symbol_find(const char *name, const ElfW(Dyn) * after)
{
	const struct link_map *object = first_object();
	uint32_t hash = hash_of(name);
	struct passed passed = {.libc = false};
	struct symbols symbols;
	const ElfW(Sym) * symbol;
	bool is_after = false;

	for (; object && !(passed.libc && (passed.loader || !is_after)); object = object->l_next) {
		if (!find_symbols(object, &symbols) && is_after)
			return NULL;
		symbol = is_after ? look_up(&symbols, name, hash) : NULL;
		if (symbol)
			return type_of(symbol) == STT_FUNC ? (void *)(object->l_addr + symbol->st_value) : NULL;
		is_after |= object->l_ld == after;
		pass(&passed, symbols.own_name);
	}
	return NULL;
}
