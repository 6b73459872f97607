/* fail_malloc.c - a library to preload that lets the n-th allocation made by libsqlprod.so fail: FAIL_MALLOC=n in the environment.
 *
 * Or those of another object: FAIL_MALLOC_OBJECT, a part of its path. Allocations of all others, SQLite's among them, succeed. When
 * the process ends by exit(), the number of those that count goes to the file FAIL_MALLOC_COUNT, if that is set. */
#include "callers.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static atomic_uint count;
static unsigned failing;

static __attribute__((constructor)) void begin(void)
{
	const char *number = getenv("FAIL_MALLOC");

	failing = number ? (unsigned)strtoul(number, NULL, 10) : 0;
	callers_watch("FAIL_MALLOC_OBJECT");
}

static __attribute__((destructor)) void end(void)
{
	callers_tell("FAIL_MALLOC_COUNT", atomic_load(&count));
}

static int fails(const void *caller)
{
	if (!callers_has(caller) || atomic_fetch_add(&count, 1) + 1 != failing)
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
