/* Fuzzes needed_has_sqlite with whatever bytes: it reads nothing outside of them. */
#include "elf/needed.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	unsigned char *bytes = malloc(size ? size : 1);

	if (!bytes)
		return 0;
	memcpy(bytes, input, size);
	/* linked to it, but without its name anywhere: impossible */
	if (needed_has_sqlite(bytes, size) && !memmem(bytes, size, "libsqlite3.so", 13))
		abort();
	needed_carries_sqlite(bytes, size);
	free(bytes);
	return 0;
}
