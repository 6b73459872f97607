/* watch_free.c - a library to preload that counts the blocks of memory that libsqlprod.so gives back with a secret in them.
 *
 * The secret is WATCH_FREE in the environment; WATCH_FREE_OBJECT, a part of its path, is another object to watch. When the process
 * ends by exit(), the count goes to the file WATCH_FREE_COUNT. */
#include "callers.h"

#include <malloc.h>
#include <stdatomic.h>

void __libc_free(void *block);
void *__libc_realloc(void *old, size_t size);

static atomic_uint count;
static const char *secret;

static __attribute__((constructor)) void begin(void)
{
	callers_watch("WATCH_FREE_OBJECT");
	secret = getenv("WATCH_FREE");
}

static __attribute__((destructor)) void end(void)
{
	callers_tell("WATCH_FREE_COUNT", atomic_load(&count));
}

static void look(void *block, const void *caller)
{
	if (secret && block && callers_has(caller) && memmem(block, malloc_usable_size(block), secret, strlen(secret)))
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
