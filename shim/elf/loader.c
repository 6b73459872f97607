/* loader.c - asks the dynamic loader. */
#include "elf/loader.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/glibc.h"
#include "base/library.h"
#include "base/program_headers.h"

/* Up to glibc 2.33 these are in libdl, and NULL in a program that has not loaded it (scripts/package/unversioned). */
#pragma weak dlsym
#pragma weak dlinfo

void loader_own_bounds(const void **start, const void **stop)
{
	library_own_bounds(start, stop);
}

/* As glibc 2.35 and later declare it in dlfcn.h. */
struct found_object {
	unsigned long long flags;
	void *start, *stop;
	struct link_map *map;
	void *eh_frame;
	unsigned long long reserved[16];
};

/* It takes no lock. Found by name, as older glibcs do not have it; that never changes. */
static bool find_object(const void *address, struct found_object *out)
{
	static char missing;
	static void *_Atomic found;
	int (*function)(void *, struct found_object *);
	void *symbol = atomic_load_explicit(&found, memory_order_relaxed);

	if (!symbol) {
		symbol = library_next_symbol("_dl_find_object");
		atomic_store_explicit(&found, symbol ? symbol : &missing, memory_order_relaxed);
	}
	if (!symbol || symbol == &missing)
		return false;
	*(void **)&function = symbol;
	return function((void *)(uintptr_t)address, out) == 0;
}

static uint64_t mix(uint64_t hash, const void *bytes, size_t length)
{
	const unsigned char *next = bytes;
	uint64_t word;

	for (; length >= sizeof(word); length -= sizeof(word), next += sizeof(word)) {
		memcpy(&word, next, sizeof(word));
		hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 29;
	}
	return hash;
}

/* What its headers and its build id are: another build that is loaded at its place has others. */
static uint64_t identity_of(const struct loaded *loaded)
{
	uint64_t hash = mix(1, loaded->headers, loaded->header_count * sizeof(*loaded->headers));

	hash = mix(hash, &loaded->base, sizeof(loaded->base));
	for (size_t i = 0; i < loaded->header_count; i++) {
		const ElfW(Phdr) *header = &loaded->headers[i];
		if (header->p_type == PT_NOTE && header->p_filesz <= 1024)
			hash = mix(hash, (const void *)(loaded->base + header->p_vaddr), header->p_filesz);
	}
	return hash ? hash : 1;
}

/* Notes are a name's size, the content's, a type, the name "GNU", the content: elf(5). */
static void find_build_id(struct loaded *loaded)
{
	loaded->build_id = NULL;
	for (size_t i = 0; i < loaded->header_count; i++) {
		const ElfW(Phdr) *header = &loaded->headers[i];
		const char *note = (const char *)(loaded->base + header->p_vaddr);
		ElfW(Nhdr) head;
		if (header->p_type != PT_NOTE || header->p_filesz < sizeof(head) + 4 + LOADER_BUILD_ID)
			continue;
		memcpy(&head, note, sizeof(head));
		if (head.n_type != NT_GNU_BUILD_ID || head.n_namesz != 4 || head.n_descsz < LOADER_BUILD_ID)
			continue;
		loaded->build_id = (const unsigned char *)note + sizeof(head) + 4;
		memcpy(loaded->build_id_bytes, loaded->build_id, LOADER_BUILD_ID);
		return;
	}
}

/* Fills in where the object lies, from its headers. False if the address does not lie in it. */
static bool describe(const void *address, const char *name, struct loaded *out)
{
	uintptr_t start = UINTPTR_MAX, stop = 0;

	for (size_t i = 0; i < out->header_count; i++) {
		const ElfW(Phdr) *header = &out->headers[i];
		uintptr_t from = out->base + header->p_vaddr, to = from + header->p_memsz;
		if (header->p_type != PT_LOAD)
			continue;
		start = from < start ? from : start;
		stop = to > stop ? to : stop;
	}
	if ((uintptr_t)address < start || (uintptr_t)address >= stop)
		return false;
	snprintf(out->name, sizeof(out->name), "%s", name);
	out->start = (const void *)start;
	out->stop = (const void *)stop;
	out->identity = identity_of(out);
	out->map = NULL;
	out->is_program = false;
	find_build_id(out);
	return true;
}

static bool is_in_program(const void *address, struct loaded *out)
{
	struct program_headers headers = program_headers_get();

	out->headers = headers.first;
	out->header_count = headers.count;
	out->base = headers.base;
	out->is_program = headers.count > 0 && describe(address, "", out);
	return out->is_program;
}

/* A library begins with its ELF header, in a page that is all there. */
static bool is_in_object(const void *address, const struct found_object *found, struct loaded *out)
{
	const ElfW(Ehdr) *header = found->start;

	if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_phentsize != sizeof(*out->headers) ||
	    header->e_phoff + (size_t)header->e_phnum * sizeof(*out->headers) > 4096)
		return false;
	out->headers = (const void *)((const char *)found->start + header->e_phoff);
	out->header_count = header->e_phnum;
	out->base = found->map->l_addr;
	if (!describe(address, found->map->l_name, out))
		return false;
	out->map = found->map;
	return true;
}

struct search {
	const void *address;
	struct loaded *out;
};

/* For dl_iterate_phdr(3): 1 if the address lies in this object. */
static int is_in(struct dl_phdr_info *info, size_t size, void *argument)
{
	const struct search *search = argument;
	struct loaded *out = search->out;

	out->headers = info->dlpi_phdr;
	out->header_count = info->dlpi_phnum;
	out->base = info->dlpi_addr;
	if (!describe(search->address, info->dlpi_name, out))
		return 0;
	if (size >= offsetof(struct dl_phdr_info, dlpi_subs) + sizeof(info->dlpi_subs))
		out->identity = mix(out->identity, &info->dlpi_subs, sizeof(info->dlpi_subs));
	return 1;
}

bool loader_find(const void *address, struct loaded *out)
{
	struct found_object found;
	struct search search = {address, out};

	if (is_in_program(address, out))
		return true;
	if (find_object(address, &found) && is_in_object(address, &found, out))
		return true;
	return dl_iterate_phdr(is_in, &search) == 1;
}

bool loader_is_still(const struct loaded *loaded, const void *address)
{
	struct found_object found;
	struct loaded now;

	if (loaded->is_program)
		return true;
	if (!loaded->map || !loaded->build_id || !find_object(address, &found))
		return loader_find(address, &now) && now.start == loaded->start && now.identity == loaded->identity;
	/* another object at its place may be shorter */
	return found.map == loaded->map && loaded->build_id >= (const unsigned char *)found.start &&
	       loaded->build_id + LOADER_BUILD_ID <= (const unsigned char *)found.stop &&
	       memcmp(loaded->build_id, loaded->build_id_bytes, LOADER_BUILD_ID) == 0;
}

static void *not_ours(void *symbol)
{
	return symbol && !loader_is_ours(symbol) ? symbol : NULL;
}

/* The loader's own: by its name it would be our hook. */
static void drop(void *handle)
{
	static void *_Atomic found;
	void *symbol = atomic_load_explicit(&found, memory_order_relaxed);

	if (!symbol) {
		symbol = library_next_symbol("dlclose");
		atomic_store_explicit(&found, symbol, memory_order_relaxed);
	}
	if (symbol)
		(*(int (**)(void *)) & symbol)(handle);
}

void *loader_symbol(const char *object, const char *name)
{
	void *handle, *symbol;

	if (!object)
		return library_next_symbol(name);
	if (!dlsym)
		return NULL;
	handle = dlopen(*object ? object : NULL, RTLD_NOLOAD | RTLD_LAZY);
	if (!handle)
		return NULL;
	symbol = not_ours(dlsym(handle, name));
	drop(handle);
	return symbol;
}

bool loader_is_preceded(atomic_int *known, const char *const *names)
{
	enum { UNKNOWN, NO, YES };
	int answer = atomic_load_explicit(known, memory_order_relaxed);

	if (answer != UNKNOWN)
		return answer == YES;
	answer = NO;
	for (; *names; names++) {
		const void *symbol = library_first_symbol(*names);

		if (symbol && !loader_is_ours(symbol))
			answer = YES;
	}
	atomic_store_explicit(known, answer, memory_order_relaxed);
	return answer == YES;
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
	drop(program);
	return symbol;
}
