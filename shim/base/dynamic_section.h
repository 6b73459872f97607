/* dynamic_section.h - the section of a loaded object by which the loader finds its tables: elf(5). */
#ifndef SQLPROD_BASE_DYNAMIC_SECTION_H
#define SQLPROD_BASE_DYNAMIC_SECTION_H

#include <link.h>
#include <stddef.h>
#include <stdint.h>

/* The section of an object with these program headers, loaded at base; NULL if it has none. */
static inline const ElfW(Dyn) * dynamic_section_find(const ElfW(Phdr) * headers, size_t count, uintptr_t base)
{
	for (size_t i = 0; i < count; i++)
		if (headers[i].p_type == PT_DYNAMIC)
			return (const void *)(base + headers[i].p_vaddr);
	return NULL;
}

/* What an entry (d_ptr) of an object loaded at base points to. glibc's loader has relocated the pointers of a section that can be
 * written, other loaders have not. */
static inline const void *dynamic_section_at(uintptr_t base, uintptr_t pointer)
{
	return (const void *)(pointer < base ? base + pointer : pointer);
}

#endif
