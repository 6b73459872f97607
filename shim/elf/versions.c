/* versions.c - reads the section of a loaded object that names the versions: elf(5). */
#include "elf/versions.h"

#include "base/dynamic_section.h"
#include "elf/loader.h"

#include <elf.h>
#include <link.h>
#include <stdint.h>
#include <string.h>

struct tables {
	const char *names;
	const char *needs; /* one ElfW(Verneed) for each library, with an ElfW(Vernaux) for each version */
	uintptr_t count;
};

static void find_tables(const struct loaded *loaded, const ElfW(Dyn) * entry, struct tables *tables)
{
	for (; entry && entry->d_tag != DT_NULL; entry++) {
		if (entry->d_tag == DT_STRTAB)
			tables->names = dynamic_section_at(loaded->base, entry->d_un.d_ptr);
		else if (entry->d_tag == DT_VERNEED)
			tables->needs = dynamic_section_at(loaded->base, entry->d_un.d_ptr);
		else if (entry->d_tag == DT_VERNEEDNUM)
			tables->count = entry->d_un.d_val;
	}
}

static bool library_has(const struct tables *tables, const ElfW(Verneed) * library, const char *version)
{
	const char *place = (const char *)library + library->vn_aux;

	for (unsigned i = 0; i < library->vn_cnt; i++) {
		const ElfW(Vernaux) *one = (const void *)place;

		if (strcmp(tables->names + one->vna_name, version) == 0)
			return true;
		place += one->vna_next;
	}
	return false;
}

bool versions_has(const void *code, const char *version)
{
	struct tables tables = {.names = NULL};
	const ElfW(Verneed) * library;
	struct loaded loaded;

	if (!loader_find(code, &loaded))
		return false;
	find_tables(&loaded, dynamic_section_find(loaded.headers, loaded.header_count, loaded.base), &tables);
	if (!tables.names || !tables.needs)
		return false;
	library = (const void *)tables.needs;
	for (uintptr_t i = 0; i < tables.count; i++) {
		if (library_has(&tables, library, version))
			return true;
		library = (const void *)((const char *)library + library->vn_next);
	}
	return false;
}
