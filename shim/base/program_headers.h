/* program_headers.h - the program headers of the program itself: elf(5). */
#ifndef SQLPROD_BASE_PROGRAM_HEADERS_H
#define SQLPROD_BASE_PROGRAM_HEADERS_H

#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/auxv.h>

struct program_headers {
	const ElfW(Phdr) * first;
	size_t count;   /* 0 if they cannot be had */
	uintptr_t base; /* to be added to their addresses */
};

/* As the kernel has passed them on in the auxiliary vector: getauxval(3). Async-signal-safe. */
static inline struct program_headers program_headers_get(void)
{
	struct program_headers headers = {.first = (const void *)getauxval(AT_PHDR)};

	if (headers.first && getauxval(AT_PHENT) == sizeof(*headers.first))
		headers.count = getauxval(AT_PHNUM);
	for (size_t i = 0; i < headers.count; i++)
		if (headers.first[i].p_type == PT_PHDR)
			headers.base = (uintptr_t)headers.first - headers.first[i].p_vaddr;
	return headers;
}

#endif
