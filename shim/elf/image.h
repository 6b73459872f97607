/* image.h - the bytes of a loaded object, or of a file laid out like one. */
#ifndef SQLPROD_ELF_IMAGE_H
#define SQLPROD_ELF_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct segment {
	uintptr_t start, stop; /* as pointers of the object have it; stop is behind the part that comes from the file */
	const unsigned char *bytes;
	unsigned flags; /* PF_R, PF_W, PF_X: elf(5) */
};

/* All readable bytes must be so, and each segment's be aligned to a word as its address is. */
struct image {
	struct segment segments[16];
	unsigned count;
	uintptr_t relro_start, relro_stop; /* PT_GNU_RELRO; equal if there is none */
	uintptr_t ours_start,
		ours_stop; /* our own functions, which a table of an exporting library points to for those we interpose */
	bool fixed;        /* not position-independent: pointers need no relocation */
	unsigned machine;  /* EM_X86_64 or EM_AARCH64 */
};

/* The segment with these flags that the address lies in; NULL if there is none. */
const struct segment *image_segment(const struct image *image, uintptr_t address, unsigned flags);

/* The bytes at address, and how many follow in the same segment; NULL if it is not in a segment with these flags. */
const unsigned char *image_at(const struct image *image, uintptr_t address, unsigned flags, size_t *left);

/* The word at address. False if it is not all there. */
bool image_word(const struct image *image, uintptr_t address, uintptr_t *out);

#endif
