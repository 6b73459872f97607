/* Fuzzes apitable_find with made-up objects: nothing is read outside of them, and what is found is consistent.
 *
 * The input: machine and flags, sizes of text and constants, bounds of RELRO, where in its word the data begins; text; constants;
 * data. In one of its modes the data is a list of 16-bit numbers that become pointers into the text, so that tables come up. */
#include "elf/apitable.h"
#include "require.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT UINT64_C(0x10000)
#define CONSTANTS UINT64_C(0x40000)
#define DATA UINT64_C(0x80000)

struct header {
	uint8_t flags;
	uint8_t shift;
	uint16_t text, constants, relro_start, relro_stop;
};

enum { AARCH64 = 1, FIXED = 2, POINTERS = 4, RELRO = 8, OURS = 16 };

/* A copy of its own, so that the address sanitizer sees where it ends. */
static struct segment segment_make(uint64_t start, const uint8_t *bytes, size_t length, unsigned flags, unsigned shift)
{
	unsigned char *copy = malloc(length + shift + 1);

	if (!copy)
		abort();
	copy = realloc(copy, length + shift ? length + shift : 1);
	if (length)
		memcpy(copy + shift, bytes, length);
	return (struct segment){start + shift, start + shift + length, copy + shift, flags};
}

/* The words that a list of numbers means: 0, or a place in the text. */
static uint64_t *pointers_make(const uint8_t *bytes, size_t count)
{
	uint64_t *words = calloc(count + 1, sizeof(*words));

	for (size_t i = 0; words && i < count; i++) {
		uint16_t number;
		memcpy(&number, bytes + 2 * i, 2);
		words[i] = number ? TEXT + number : 0;
	}
	return words;
}

static void check_found(const struct image *image, const struct api_table *tables, size_t count)
{
	unsigned minor, patch;

	require(count <= 64, "more than asked for");
	for (size_t i = 0; i < count; i++) {
		require(tables[i].address % 8 == 0 && tables[i].address >= image->segments[0].start, "its address");
		require(sscanf(tables[i].version, "3.%u.%u", &minor, &patch) == 2, "its version");
		require(tables[i].number == 3000000 + minor * 1000 + patch, "its number");
		require(apitable_is_there(image, &tables[i]), "it is there");
	}
}

/* What is found near some code is there for a search of everything, too. */
static void check_searches(const struct image *image, uint64_t code)
{
	struct api_table all[64], near[4];
	size_t count = apitable_find(image, all, 64), near_count = apitable_find_near(image, code, near, 4);

	check_found(image, all, count);
	check_found(image, near, near_count);
	require(near_count == 0 || count > 0, "near, but nowhere");
	apitable_has_magic(image);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	struct header header;
	struct image image = {.count = 3};
	uint64_t *words = NULL;
	size_t text, constants;
	unsigned shift;

	if (size < sizeof(header))
		return 0;
	memcpy(&header, input, sizeof(header));
	input += sizeof(header);
	size -= sizeof(header);
	text = header.text < size ? header.text : size;
	constants = header.constants < size - text ? header.constants : size - text;
	shift = header.flags & POINTERS ? 0 : header.shift % 8;
	image.machine = header.flags & AARCH64 ? EM_AARCH64 : EM_X86_64;
	image.fixed = header.flags & FIXED;
	image.segments[0] = segment_make(TEXT, input, text, PF_R | PF_X, 0);
	image.segments[1] = segment_make(CONSTANTS, input + text, constants, PF_R, 0);
	input += text + constants;
	size -= text + constants;
	if (header.flags & POINTERS) {
		words = pointers_make(input, size / 2);
		input = (const uint8_t *)words;
		size = size / 2 * 8;
	}
	image.segments[2] = segment_make(DATA, input, size, PF_R | PF_W, shift);
	if (header.flags & RELRO) {
		image.relro_start = DATA + header.relro_start;
		image.relro_stop = DATA + header.relro_stop;
	}
	if (header.flags & OURS) {
		image.ours_start = TEXT + 0x8000;
		image.ours_stop = TEXT + 0x9000;
	}
	check_searches(&image, TEXT + header.relro_start);
	free(words);
	for (unsigned i = 0; i < 3; i++)
		free((void *)(uintptr_t)(image.segments[i].bytes - (i == 2 ? shift : 0)));
	return 0;
}
