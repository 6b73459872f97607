/* watch_free.c - a library to preload that counts the blocks of memory that libsqlprod.so gives back with a secret in them.
 *
 * The secret is WATCH_FREE in the environment; WATCH_FREE_OBJECT, a part of its path, is another object to watch. When the process
 * ends by exit(), the count goes to the file WATCH_FREE_COUNT. */
#include <link.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void __libc_free(void *block);
void *__libc_realloc(void *old, size_t size);

static uintptr_t start, stop;
static atomic_uint count;
static const char *secret;

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
	char *object = getenv("WATCH_FREE_OBJECT");

	dl_iterate_phdr(find_object, object ? object : (char[]){"libsqlprod.so"});
	secret = getenv("WATCH_FREE");
}

static __attribute__((destructor)) void end(void)
{
	const char *path = getenv("WATCH_FREE_COUNT");
	FILE *out = path ? fopen(path, "w") : NULL;

	if (out) {
		fprintf(out, "%u\n", count);
		fclose(out);
	}
}

static void look(void *block, const void *caller)
{
	if (secret && block && (uintptr_t)caller >= start && (uintptr_t)caller < stop &&
	    memmem(block, malloc_usable_size(block), secret, strlen(secret)))
		count++;
}

void free(void *block)
{
	look(block, __builtin_return_address(0));
	__libc_free(block);
}

void *realloc(void *old, size_t size)
{
	look(old, __builtin_return_address(0));
	return __libc_realloc(old, size);
}
