/* dynamic_section.h - the section of a loaded object by which the loader finds its tables: elf(5). */
#ifndef SQLPROD_BASE_DYNAMIC_SECTION_H
#define SQLPROD_BASE_DYNAMIC_SECTION_H

#include <stdint.h>

/* What an entry (d_ptr) of an object loaded at base points to. glibc's loader has relocated the pointers of a section that can be
 * written, other loaders have not. */
static inline const void *dynamic_section_at(uintptr_t base, uintptr_t pointer)
{
	return (const void *)(pointer < base ? base + pointer : pointer);
}

#endif
