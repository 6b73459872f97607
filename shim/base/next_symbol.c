/* next_symbol.c - reads the tables of symbols of the loaded objects, one after the other. */
#include "base/next_symbol.h"

#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define HIDDEN_VERSION 0x8000

struct search {
	const char *name;
	uint32_t hash;
	uintptr_t after;
	bool is_past;
	void *found;
};

struct symbols {
	const ElfW(Sym) * table;
	const char *names;
	const ElfW(Half) * versions; /* NULL if the object has none */
	const uint32_t *hashes;
};

static uint32_t hash_of(const char *name)
{
	uint32_t hash = 5381;

	for (; *name; name++)
		hash = hash * 33 + (unsigned char)*name;
	return hash;
}

static bool holds(const struct dl_phdr_info *info, uintptr_t address)
{
	for (unsigned i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD &&
		    address - (info->dlpi_addr + info->dlpi_phdr[i].p_vaddr) < info->dlpi_phdr[i].p_memsz)
			return true;
	return false;
}

/* glibc's loader has relocated the pointers of a dynamic section that can be written. */
static const void *at(const struct dl_phdr_info *info, uintptr_t pointer)
{
	return (const void *)(pointer < info->dlpi_addr ? info->dlpi_addr + pointer : pointer);
}

static bool find_symbols(const struct dl_phdr_info *info, struct symbols *out)
{
	const ElfW(Dyn) *entry = NULL;

	for (unsigned i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
			entry = (const void *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
	for (; entry && entry->d_tag != DT_NULL; entry++) {
		if (entry->d_tag == DT_SYMTAB)
			out->table = at(info, entry->d_un.d_ptr);
		else if (entry->d_tag == DT_STRTAB)
			out->names = at(info, entry->d_un.d_ptr);
		else if (entry->d_tag == DT_VERSYM)
			out->versions = at(info, entry->d_un.d_ptr);
		else if (entry->d_tag == DT_GNU_HASH)
			out->hashes = at(info, entry->d_un.d_ptr);
	}
	return out->table && out->names && out->hashes;
}

static bool is_wanted(const struct symbols *symbols, uint32_t index, const char *name)
{
	const ElfW(Sym) *symbol = &symbols->table[index];

	return symbol->st_shndx != SHN_UNDEF && (symbol->st_info & 15) == STT_FUNC &&
	       !(symbols->versions && (symbols->versions[index] & HIDDEN_VERSION)) &&
	       strcmp(symbols->names + symbol->st_name, name) == 0;
}

/* The section is four numbers, a Bloom filter, buckets with the index of their first symbol each, and of each symbol a hash whose
 * lowest bit ends its bucket. */
static const ElfW(Sym) * look_up(const struct symbols *symbols, const struct search *search)
{
	uint32_t bucket_count = symbols->hashes[0], first = symbols->hashes[1], filter_words = symbols->hashes[2];
	const uint32_t *buckets = symbols->hashes + 4 + filter_words * (sizeof(ElfW(Addr)) / sizeof(uint32_t));
	const uint32_t *chain = buckets + bucket_count;
	uint32_t index = bucket_count ? buckets[search->hash % bucket_count] : 0;

	if (index < first || index == 0)
		return NULL;
	for (;; index++) {
		uint32_t hash = chain[index - first];

		if ((hash | 1) == (search->hash | 1) && is_wanted(symbols, index, search->name))
			return &symbols->table[index];
		if (hash & 1)
			return NULL;
	}
}

/* For dl_iterate_phdr(3): 1 ends it. */
static int look_in(struct dl_phdr_info *info, size_t size, void *argument)
{
	struct search *search = argument;
	struct symbols symbols = {.table = NULL};
	const ElfW(Sym) * symbol;

	(void)size;
	if (!search->is_past) {
		search->is_past = holds(info, search->after);
		return 0;
	}
	symbol = find_symbols(info, &symbols) ? look_up(&symbols, search) : NULL;
	if (symbol)
		search->found = (void *)(info->dlpi_addr + symbol->st_value);
	return symbol != NULL;
}

void *next_symbol_find(const char *name, const void *after)
{
	struct search search = {.name = name, .hash = hash_of(name), .after = (uintptr_t)after};

	dl_iterate_phdr(look_in, &search);
	return search.found;
}
