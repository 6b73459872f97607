/* callers.h - the calls that one loaded object makes: for preloaded libraries that interpose libc's functions. */
#ifndef SQLPROD_TESTS_CALLERS_H
#define SQLPROD_TESTS_CALLERS_H

#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uintptr_t callers_start, callers_stop;

static int callers_find(struct dl_phdr_info *info, size_t size, void *part)
{
	(void)size;
	if (!strstr(info->dlpi_name, part))
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		if (header->p_type != PT_LOAD)
			continue;
		if (!callers_start)
			callers_start = info->dlpi_addr + header->p_vaddr;
		callers_stop = info->dlpi_addr + header->p_vaddr + header->p_memsz;
	}
	return 1;
}

/* The object with this variable's value in its path; libsqlprod.so if it is not set. */
static inline void callers_watch(const char *variable)
{
	char *part = getenv(variable);

	dl_iterate_phdr(callers_find, part ? part : (char[]){"libsqlprod.so"});
}

static inline bool callers_has(const void *code)
{
	return (uintptr_t)code >= callers_start && (uintptr_t)code < callers_stop;
}

/* Writes the count to the file that the variable names, if it is set. */
static inline void callers_tell(const char *variable, unsigned count)
{
	const char *path = getenv(variable);
	FILE *out = path ? fopen(path, "w") : NULL;

	if (!out)
		return;
	fprintf(out, "%u\n", count);
	fclose(out);
}

#endif
