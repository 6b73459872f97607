/* search.c - finds the places where a table can lie. */
#include "elf/search.h"

#include "elf/code.h"

#include <elf.h>
#include <stdlib.h>

#define PAGE 4096

/* How far before and after the address the code is read. */
#define WINDOW 0x8000

/* Fewer bytes are searched whole: that is as fast as reading the code. */
#define SMALL 0x100000

/* Does a segment hold constants only? Older linkers put constants and code into one segment. */
static bool has_constants(const struct image *image)
{
	for (unsigned i = 0; i < image->count; i++)
		if ((image->segments[i].flags & (PF_R | PF_W | PF_X)) == PF_R &&
		    image->segments[i].stop - image->segments[i].start >= 65536)
			return true;
	return false;
}

/* Can a table lie in this segment? A table that was relocated lies in a segment marked writable. */
static bool is_searched(const struct image *image, const struct segment *segment)
{
	if (!(segment->flags & PF_R))
		return false;
	if (!image->fixed)
		return segment->flags & PF_W;
	return !(segment->flags & PF_X) || !has_constants(image);
}

size_t search_everywhere(const struct image *image, struct place out[SEARCH_PLACES])
{
	size_t count = 0;

	for (unsigned i = 0; i < image->count && count < SEARCH_PLACES; i++) {
		const struct segment *segment = &image->segments[i];
		struct place place = {segment, segment->start, segment->stop};

		if (!is_searched(image, segment))
			continue;
		/* constants that need relocation are in RELRO, if there is one */
		if (!image->fixed && image->relro_start != image->relro_stop) {
			place.start = image->relro_start > place.start ? image->relro_start : place.start;
			place.stop = image->relro_stop < place.stop ? image->relro_stop : place.stop;
		}
		if (place.start < place.stop)
			out[count++] = place;
	}
	return count;
}

/* A page that the code refers to, and how often. */
struct count {
	const struct segment *segment;
	uintptr_t address; /* the first address in it that the code refers to */
	unsigned references;
};

struct counts {
	struct count counts[4 * SEARCH_PLACES];
	size_t used;
};

/* Counts aligned addresses only, as tables are aligned: most strings are not, and linkers sort them away from their unit. */
static bool count_reference(const struct image *image, uintptr_t address, void *argument)
{
	struct counts *counts = argument;
	const struct segment *segment = address % sizeof(void *) == 0 ? image_segment(image, address, PF_R) : NULL;
	struct count *count = counts->counts, *end = count + counts->used;

	if (!segment || !is_searched(image, segment))
		return false;
	while (count < end && (count->segment != segment || count->address / PAGE != address / PAGE))
		count++;
	if (count == end) {
		if (counts->used == sizeof(counts->counts) / sizeof(counts->counts[0]))
			return false;
		*count = (struct count){segment, address, 0};
		counts->used++;
	}
	count->references++;
	return false;
}

static int more_references(const void *left, const void *right)
{
	const struct count *a = left, *b = right;

	return (a->references < b->references) - (a->references > b->references);
}

/* The range of `around` bytes before and after an address, within the segment. */
static struct place place_around(const struct segment *segment, uintptr_t address, uintptr_t around)
{
	struct place place = {segment, segment->start, segment->stop};

	if (address > segment->start && address - segment->start > around)
		place.start = address - around;
	if (segment->stop > address && segment->stop - address > around)
		place.stop = address + around;
	return place;
}

size_t search_near(const struct image *image, uintptr_t code, struct place out[SEARCH_PLACES])
{
	const struct segment *text = image_segment(image, code, PF_R | PF_X);
	struct counts counts = {.used = 0};
	size_t count = search_everywhere(image, out);
	uintptr_t bytes = 0;
	struct place window;

	for (size_t i = 0; i < count; i++)
		bytes += out[i].stop - out[i].start;
	if (!image->fixed || bytes <= SMALL)
		return count;
	if (!text)
		return 0;
	window = place_around(text, code & ~(uintptr_t)3, WINDOW);
	code_refers(image, window.start, window.stop, count_reference, &counts);
	qsort(counts.counts, counts.used, sizeof(counts.counts[0]), more_references);
	counts.used = counts.used < SEARCH_PLACES ? counts.used : SEARCH_PLACES;
	for (size_t i = 0; i < counts.used; i++)
		out[i] = place_around(counts.counts[i].segment, counts.counts[i].address, SEARCH_NEAR);
	return counts.used;
}
