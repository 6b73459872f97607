/* loader.c - asks the dynamic loader. */
#include "elf/loader.h"

#include <dlfcn.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/glibc.h"

/* Up to glibc 2.33 these are in libdl, and NULL in a program that has not loaded it. */
#pragma weak dlsym
#pragma weak dlclose
#pragma weak dlinfo
GLIBC_FIRST(dlsym, "2.2.5")
GLIBC_FIRST(dlclose, "2.2.5")
GLIBC_FIRST(dlinfo, "2.3.3")

/* Set by the linker. */
extern const char __ehdr_start[] __attribute__((visibility("hidden")));
extern const char _end[] __attribute__((visibility("hidden")));

bool loader_is_ours(const void *address)
{
	return (const char *)address >= __ehdr_start && (const char *)address < _end;
}

void loader_own_bounds(const void **start, const void **stop)
{
	*start = __ehdr_start;
	*stop = _end;
}

static unsigned long long unloadings_of(const struct dl_phdr_info *info, size_t size)
{
	return size >= offsetof(struct dl_phdr_info, dlpi_subs) + sizeof(info->dlpi_subs) ? info->dlpi_subs : 0;
}

struct search {
	uintptr_t address;
	struct loaded *out;
};

/* For dl_iterate_phdr(3): 1 if the address lies in this object. */
static int is_in(struct dl_phdr_info *info, size_t size, void *argument)
{
	const struct search *search = argument;
	uintptr_t start = UINTPTR_MAX, stop = 0;

	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		uintptr_t from = info->dlpi_addr + header->p_vaddr, to = from + header->p_memsz;
		if (header->p_type != PT_LOAD)
			continue;
		start = from < start ? from : start;
		stop = to > stop ? to : stop;
	}
	if (search->address < start || search->address >= stop)
		return 0;
	snprintf(search->out->name, sizeof(search->out->name), "%s", info->dlpi_name);
	search->out->start = (const void *)start;
	search->out->stop = (const void *)stop;
	search->out->unloadings = unloadings_of(info, size);
	return 1;
}

bool loader_find(const void *address, struct loaded *out)
{
	struct search search = {(uintptr_t)address, out};

	return dl_iterate_phdr(is_in, &search) == 1;
}

static int take_unloadings(struct dl_phdr_info *info, size_t size, void *out)
{
	*(unsigned long long *)out = unloadings_of(info, size);
	return 1;
}

unsigned long long loader_unloadings(void)
{
	unsigned long long unloadings = 0;

	dl_iterate_phdr(take_unloadings, &unloadings);
	return unloadings;
}

static void *not_ours(void *symbol)
{
	return symbol && !loader_is_ours(symbol) ? symbol : NULL;
}

void *loader_symbol(const char *object, const char *name)
{
	void *handle, *symbol;

	if (!dlsym)
		return NULL;
	if (!object)
		return not_ours(dlsym(RTLD_NEXT, name));
	handle = dlopen(*object ? object : NULL, RTLD_NOLOAD | RTLD_LAZY);
	if (!handle)
		return NULL;
	symbol = not_ours(dlsym(handle, name));
	dlclose(handle);
	return symbol;
}

void *loader_symbol_first(const char *name)
{
	return dlsym ? dlsym(RTLD_DEFAULT, name) : NULL;
}

void *loader_symbol_anywhere(const char *name)
{
	void *program = dlsym ? dlopen(NULL, RTLD_NOLOAD | RTLD_LAZY) : NULL, *symbol = NULL;
	struct link_map *map = NULL;

	if (!program)
		return NULL;
	/* the main program's map is the first in the list */
	if (dlinfo(program, RTLD_DI_LINKMAP, &map) == 0)
		for (; map && !symbol; map = map->l_next)
			symbol = loader_symbol(map->l_name, name);
	dlclose(program);
	return symbol;
}
