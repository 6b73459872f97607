/* fail_malloc.c - a library to preload that lets the n-th allocation made by libsqlprod.so fail: FAIL_MALLOC=n in the environment.
 *
 * Or those of another object: FAIL_MALLOC_OBJECT, a part of its path. Allocations of all others, SQLite's among them, succeed. When
 * the process ends by exit(), the number of those that count goes to the file FAIL_MALLOC_COUNT, if that is set. */
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static uintptr_t start, stop;
static atomic_uint count;
static unsigned failing;

static int find_object(struct dl_phdr_info *info, size_t size, void *argument)
{
	(void)size;
	if (!strstr(info->dlpi_name, argument))
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		if (header->p_type != PT_LOAD)
			continue;
		if (!start)
			start = info->dlpi_addr + header->p_vaddr;
		stop = info->dlpi_addr + header->p_vaddr + header->p_memsz;
	}
	return 1;
}

static __attribute__((constructor)) void begin(void)
{
	const char *number = getenv("FAIL_MALLOC");
	char *object = getenv("FAIL_MALLOC_OBJECT");

	failing = number ? (unsigned)strtoul(number, NULL, 10) : 0;
	dl_iterate_phdr(find_object, object ? object : (char[]){"libsqlprod.so"});
}

static __attribute__((destructor)) void end(void)
{
	const char *path = getenv("FAIL_MALLOC_COUNT");
	FILE *out = path ? fopen(path, "w") : NULL;

	if (!out)
		return;
	fprintf(out, "%u\n", atomic_load(&count));
	fclose(out);
}

static int fails(const void *caller)
{
	if ((uintptr_t)caller < start || (uintptr_t)caller >= stop || atomic_fetch_add(&count, 1) + 1 != failing)
		return 0;
	errno = ENOMEM;
	return 1;
}

#define CALLER __builtin_return_address(0)

void *malloc(size_t size)
{
	return fails(CALLER) ? NULL : __libc_malloc(size);
}

void *calloc(size_t members, size_t size)
{
	return fails(CALLER) ? NULL : __libc_calloc(members, size);
}

void *realloc(void *old, size_t size)
{
	return fails(CALLER) ? NULL : __libc_realloc(old, size);
}

char *strdup(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = fails(CALLER) ? NULL : __libc_malloc(size);

	return copy ? memcpy(copy, text, size) : NULL;
}

char *strndup(const char *text, size_t limit)
{
	size_t length = strnlen(text, limit);
	char *copy = fails(CALLER) ? NULL : __libc_malloc(length + 1);

	if (!copy)
		return NULL;
	copy[length] = '\0';
	return memcpy(copy, text, length);
}

FILE *open_memstream(char **text, size_t *size)
{
	FILE *(*real)(char **, size_t *);

	*(void **)&real = dlsym(RTLD_NEXT, "open_memstream");
	return fails(CALLER) ? NULL : real(text, size);
}
