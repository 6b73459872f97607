/* hash.h - the place of a key in a table of a power of two, by Fibonacci hashing (Knuth, The Art of Computer Programming, 6.4). */
#ifndef SQLPROD_BASE_HASH_H
#define SQLPROD_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* From 0 to 2^bits - 1; bits is at least 1. */
static inline size_t hash_place(uint64_t key, unsigned bits)
{
	return (size_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - bits));
}

#endif
