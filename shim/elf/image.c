/* image.c - finds addresses in an object's segments. */
#include "elf/image.h"

#include <elf.h>
#include <string.h>

const struct segment *image_segment(const struct image *image, uintptr_t address, unsigned flags)
{
	for (unsigned i = 0; i < image->count; i++) {
		const struct segment *segment = &image->segments[i];
		if (address >= segment->start && address < segment->stop && (segment->flags & flags) == flags)
			return segment;
	}
	return NULL;
}

const unsigned char *image_at(const struct image *image, uintptr_t address, unsigned flags, size_t *left)
{
	const struct segment *segment = image_segment(image, address, flags);

	if (!segment)
		return NULL;
	*left = segment->stop - address;
	return segment->bytes + (address - segment->start);
}

bool image_word(const struct image *image, uintptr_t address, uintptr_t *out)
{
	size_t left;
	const unsigned char *bytes = image_at(image, address, PF_R, &left);

	if (!bytes || left < sizeof(*out))
		return false;
	memcpy(out, bytes, sizeof(*out));
	return true;
}
