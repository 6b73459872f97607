/* image.h - the bytes of a loaded object, or of a file laid out like one. */
#ifndef SQLPROD_ELF_IMAGE_H
#define SQLPROD_ELF_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct segment {
	uintptr_t start, stop; /* addresses as the object's pointers have them, up to the end of the part that is in the file */
	const unsigned char *bytes;
	unsigned flags; /* PF_R, PF_W, PF_X: elf(5) */
};

/* All bytes of a segment marked readable must be readable, and be aligned to a word as its address is. */
struct image {
	struct segment segments[16];
	unsigned count;
	uintptr_t relro_start, relro_stop; /* PT_GNU_RELRO; equal if there is none */
	uintptr_t ours_start,
		ours_stop; /* our own functions: the table of an exporting library points to our hooks for interposed ones */
	bool fixed;        /* not position-independent: pointers need no relocation */
	unsigned machine;  /* EM_X86_64 or EM_AARCH64 */
};

/* The segment with these flags that the address lies in; NULL if there is none. */
const struct segment *image_segment(const struct image *image, uintptr_t address, unsigned flags);

/* The bytes at address, and in *left how many the segment has from there; NULL if no segment with these flags holds it. */
const unsigned char *image_at(const struct image *image, uintptr_t address, unsigned flags, size_t *left);

/* Reads the word at address. False if no segment holds all of it. */
bool image_word(const struct image *image, uintptr_t address, uintptr_t *out);

#endif
