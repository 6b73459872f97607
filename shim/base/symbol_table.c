/* symbol_table.c - finds a name in an object's table of symbols. */
#include "base/symbol_table.h"

#include "base/dynamic_section.h"

#include <elf.h>
#include <string.h>

#define HIDDEN_VERSION 0x8000
#define WORD_BITS (8 * sizeof(ElfW(Addr)))

struct symbol_name symbol_name_of(const char *text)
{
	uint32_t hash = 5381;

	for (const char *next = text; *next; next++)
		hash = hash * 33 + (unsigned char)*next;
	return (struct symbol_name){text, hash};
}

bool symbol_table_find(const ElfW(Dyn) * section, uintptr_t base, struct symbol_table *out)
{
	size_t own_name = 0;

	*out = (struct symbol_table){.base = base};
	for (const ElfW(Dyn) *entry = section; entry && entry->d_tag != DT_NULL; entry++) {
		if (entry->d_tag == DT_SYMTAB)
			out->symbols = dynamic_section_at(base, entry->d_un.d_ptr);
		else if (entry->d_tag == DT_STRTAB)
			out->names = dynamic_section_at(base, entry->d_un.d_ptr);
		else if (entry->d_tag == DT_VERSYM)
			out->versions = dynamic_section_at(base, entry->d_un.d_ptr);
		else if (entry->d_tag == DT_GNU_HASH)
			out->hashes = dynamic_section_at(base, entry->d_un.d_ptr);
		else if (entry->d_tag == DT_HASH)
			out->old_hashes = dynamic_section_at(base, entry->d_un.d_ptr);
		else if (entry->d_tag == DT_SONAME)
			own_name = entry->d_un.d_val;
	}
	out->own_name = own_name && out->names ? out->names + own_name : NULL;
	return out->symbols && out->names && (out->hashes || out->old_hashes);
}

static unsigned type_of(const ElfW(Sym) * symbol)
{
	return symbol->st_info & 15;
}

static bool is_wanted(const struct symbol_table *table, uint32_t index, const char *name)
{
	const ElfW(Sym) *symbol = &table->symbols[index];
	unsigned type = type_of(symbol);

	return symbol->st_shndx != SHN_UNDEF && (type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_OBJECT) &&
	       symbol->st_info >> 4 != STB_LOCAL && !(table->versions && (table->versions[index] & HIDDEN_VERSION)) &&
	       strcmp(table->names + symbol->st_name, name) == 0;
}

/* The section is four numbers, a Bloom filter, buckets with the index of their first symbol each, and of each symbol a hash whose
 * lowest bit ends its bucket. */
static const ElfW(Sym) * look_up(const struct symbol_table *table, struct symbol_name name)
{
	uint32_t bucket_count = table->hashes[0], first = table->hashes[1], filter_words = table->hashes[2];
	const ElfW(Addr) *filter = (const void *)(table->hashes + 4);
	const uint32_t *buckets = (const void *)(filter + filter_words);
	const uint32_t *chain = buckets + bucket_count;
	ElfW(Addr) word = filter_words ? filter[name.hash / WORD_BITS % filter_words] : 0;
	uint32_t index;

	if (!bucket_count || !(word >> name.hash % WORD_BITS & word >> (name.hash >> table->hashes[3]) % WORD_BITS & 1))
		return NULL;
	index = buckets[name.hash % bucket_count];
	if (index < first || index == 0)
		return NULL;
	for (;; index++) {
		uint32_t hash = chain[index - first];

		if ((hash | 1) == (name.hash | 1) && is_wanted(table, index, name.text))
			return &table->symbols[index];
		if (hash & 1)
			return NULL;
	}
}

/* The older table says how many symbols there are. Few objects have it alone; the kernel's own is one. */
static const ElfW(Sym) * look_through(const struct symbol_table *table, const char *name)
{
	for (uint32_t index = 1; index < table->old_hashes[1]; index++)
		if (is_wanted(table, index, name))
			return &table->symbols[index];
	return NULL;
}

const ElfW(Sym) * symbol_table_look_up(const struct symbol_table *table, struct symbol_name name)
{
	return table->hashes ? look_up(table, name) : look_through(table, name.text);
}

void *symbol_table_address(const struct symbol_table *table, const ElfW(Sym) * symbol)
{
	return type_of(symbol) == STT_GNU_IFUNC ? NULL : (void *)(table->base + symbol->st_value);
}
