/* require.h - what a fuzzer of libFuzzer is, and how it says that something is broken. */
#ifndef SQLPROD_FUZZ_REQUIRE_H
#define SQLPROD_FUZZ_REQUIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void require(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "broken: %s\n", what);
		abort();
	}
}

#endif
