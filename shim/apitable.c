/* apitable.c - finds struct sqlite3_api_routines in an object. */
#include "apitable.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SQLITE_CORE 1 /* the struct alone, without the macros that hide the functions */
#include <sqlite3ext.h>

#define ENTRY(name) (offsetof(struct sqlite3_api_routines, name) / sizeof(void *))

/* The table of 3.8.7, the first that has auto_extension. */
#define LEAST_ENTRIES (ENTRY(auto_extension) + 1)

/* No build leaves these out. */
static const unsigned short required[] = {
	ENTRY(aggregate_context), ENTRY(bind_blob),      ENTRY(bind_int64),        ENTRY(bind_text),
	ENTRY(busy_timeout),      ENTRY(close),          ENTRY(column_text),       ENTRY(exec),
	ENTRY(finalize),          ENTRY(libversion),     ENTRY(libversion_number), ENTRY(open),
	ENTRY(prepare),           ENTRY(step),           ENTRY(prepare_v2),        ENTRY(file_control),
	ENTRY(open_v2),           ENTRY(vfs_find),       ENTRY(vfs_register),      ENTRY(sourceid),
	ENTRY(close_v2),          ENTRY(auto_extension),
};

/* The bytes at address, and how many follow in the same segment; NULL if it is not in a segment with these flags. */
static const unsigned char *at(const struct image *image, uintptr_t address, unsigned flags, size_t *left)
{
	for (unsigned i = 0; i < image->count; i++) {
		const struct segment *segment = &image->segments[i];
		if (address < segment->start || address >= segment->stop || (segment->flags & flags) != flags)
			continue;
		*left = segment->stop - address;
		return segment->bytes + (address - segment->start);
	}
	return NULL;
}

static bool read_word(const struct image *image, uintptr_t address, uintptr_t *out)
{
	size_t left;
	const unsigned char *bytes = at(image, address, PF_R, &left);

	if (!bytes || left < sizeof(*out))
		return false;
	memcpy(out, bytes, sizeof(*out));
	return true;
}

/* Is there a version, "3.", digits, ".", digits and nothing else? */
static bool is_version(const struct image *image, uintptr_t address, struct api_table *out)
{
	size_t left, n;
	const char *text = (const char *)at(image, address, PF_R, &left);
	unsigned minor, patch;
	char again[16];

	if (!text || left < 6 || memcmp(text, "3.", 2) != 0)
		return false;
	n = strnlen(text, left < sizeof(out->version) ? left : sizeof(out->version));
	if (n >= left || n >= sizeof(out->version) || sscanf(text, "3.%3u.%3u", &minor, &patch) != 2)
		return false;
	/* a fourth number, of a branch, is not in the version number */
	n = (size_t)snprintf(again, sizeof(again), "3.%u.%u", minor, patch);
	if (strncmp(text, again, n) != 0 || (text[n] != '\0' && text[n] != '.'))
		return false;
	out->number = 3000000 + minor * 1000 + patch;
	snprintf(out->version, sizeof(out->version), "%s", text);
	return true;
}

/* Source ids begin with a date: "2022-12-28 14:03:47 df5c253c…". */
static bool is_source(const struct image *image, uintptr_t address, struct api_table *out)
{
	static const char form[] = "20dd-dd-dd dd:dd:dd ";
	size_t left;
	const char *text = (const char *)at(image, address, PF_R, &left);

	(void)out;
	if (!text || left < sizeof(form))
		return false;
	for (size_t i = 0; form[i]; i++)
		if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
			return false;
	return true;
}

typedef bool (*constant_test)(const struct image *, uintptr_t, struct api_table *);

static bool is_number(const struct image *image, uintptr_t value, struct api_table *out)
{
	(void)image;
	return (uint32_t)value == out->number;
}

/* The functions are a few instructions long, but compilers wrap them differently (frames, CET, stack protectors, jumps of
 * -fsanitize=cfi): so look at every constant that their first instructions could load, rather than demand a form. A wrong guess
 * does not look like a version. */
#define WINDOW 96

static int32_t signed_at(const unsigned char *bytes)
{
	int32_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

static bool returns_x86_64(const struct image *image, uintptr_t function, constant_test test, struct api_table *out)
{
	unsigned char code[WINDOW + 8] = {0};
	size_t left;
	const unsigned char *bytes = at(image, function, PF_R | PF_X, &left);
	uintptr_t value;

	if (!bytes)
		return false;
	memcpy(code, bytes, left < WINDOW ? left : WINDOW);
	for (size_t i = 0; i < WINDOW - 8; i++) {
		const unsigned char *c = code + i;
		uintptr_t relative = function + i + 7 + (uintptr_t)(intptr_t)signed_at(c + 3);

		if ((c[0] & 0xf8) == 0xb8 && test(image, (uint32_t)signed_at(c + 1), out)) /* mov $value,%reg */
			return true;
		if (c[0] == 0xc3) /* ret */
			return false;
		if ((c[0] & 0xf8) != 0x48)
			continue;
		if (c[1] == 0xc7 && (c[2] & 0xf8) == 0xc0 &&
		    test(image, (uintptr_t)(intptr_t)signed_at(c + 3), out)) /* mov $value,%reg */
			return true;
		if (c[1] == 0x8d && (c[2] & 0xc7) == 0x05 && test(image, relative, out)) /* lea value(%rip),%reg */
			return true;
		if (c[1] == 0x8b && (c[2] & 0xc7) == 0x05 && read_word(image, relative, &value) &&
		    test(image, value, out)) /* by the GOT */
			return true;
	}
	return false;
}

static bool returns_aarch64(const struct image *image, uintptr_t function, constant_test test, struct api_table *out)
{
	uint64_t registers[32] = {0}; /* what each would hold */
	size_t left;
	const unsigned char *bytes = at(image, function, PF_R | PF_X, &left);
	uintptr_t value;

	for (size_t i = 0; bytes && i + 4 <= left && i < WINDOW; i += 4) {
		uint32_t code = (uint32_t)signed_at(bytes + i), to = code & 31, from = code >> 5 & 31;
		uintptr_t pc = function + i;
		int64_t page = (int64_t)((uint64_t)((code >> 5 & 0x7ffff) << 2 | (code >> 29 & 3)) << 43) >> 43;
		unsigned shift = code >> 17 & 0x30;

		if (code == 0xd65f03c0) /* ret */
			break;
		if ((code & 0x9f000000) == 0x90000000) /* adrp */
			registers[to] = (pc & ~(uintptr_t)0xfff) + ((uint64_t)page << 12);
		else if ((code & 0x9f000000) == 0x10000000) /* adr */
			registers[to] = pc + (uint64_t)page;
		else if ((code & 0x7f800000) == 0x11000000) /* add #immediate */
			registers[to] = registers[from] + ((uint64_t)(code >> 10 & 0xfff) << (code >> 22 & 1 ? 12 : 0));
		else if ((code & 0x7f800000) == 0x52800000) /* movz */
			registers[to] = (uint64_t)(code >> 5 & 0xffff) << shift;
		else if ((code & 0x7f800000) == 0x72800000) /* movk */
			registers[to] = (registers[to] & ~((uint64_t)0xffff << shift)) | (uint64_t)(code >> 5 & 0xffff) << shift;
		else if ((code & 0xffc00000) == 0xf9400000 && read_word(image, registers[from] + (code >> 10 & 0xfff) * 8, &value))
			registers[to] = value; /* ldr, by the GOT */
		else
			continue;
		if (test(image, registers[to], out))
			return true;
	}
	return false;
}

/* Some builds have the table point at jumps to the functions. */
static uintptr_t behind_jump(const struct image *image, uintptr_t function)
{
	static const unsigned char endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa};
	size_t left, skip;
	const unsigned char *bytes = at(image, function, PF_R | PF_X, &left);

	if (!bytes || left < 9)
		return function;
	if (image->machine == EM_AARCH64) {
		uint32_t code = (uint32_t)signed_at(bytes);
		int64_t distance = (int64_t)((uint64_t)(code & 0x3ffffff) << 38) >> 36;
		return (code & 0xfc000000) == 0x14000000 ? function + (uintptr_t)distance : function;
	}
	skip = memcmp(bytes, endbr64, sizeof(endbr64)) == 0 ? sizeof(endbr64) : 0;
	return bytes[skip] == 0xe9 ? function + skip + 5 + (uintptr_t)(intptr_t)signed_at(bytes + skip + 1) : function;
}

static bool returns(const struct image *image, uintptr_t function, constant_test test, struct api_table *out)
{
	function = behind_jump(image, function);
	if (image->machine == EM_AARCH64)
		return returns_aarch64(image, function, test, out);
	return returns_x86_64(image, function, test, out);
}

/* Where the functions of a table may lie. */
struct text {
	uintptr_t start, stop;
	uintptr_t ours_start, ours_stop;
};

static inline bool is_function(const struct text *text, uintptr_t pointer)
{
	return pointer - text->start < text->stop - text->start || pointer - text->ours_start < text->ours_stop - text->ours_start;
}

/* A build may leave functions out, but the table points nowhere else. */
static inline bool is_entry(const struct text *text, uintptr_t word)
{
	return word == 0 || is_function(text, word);
}

/* All its entries are known to be functions or nothing. */
static bool is_table(const struct image *image, const uintptr_t *entries, struct api_table *out)
{
	uintptr_t version = entries[ENTRY(libversion)], number = entries[ENTRY(libversion_number)],
		  source = entries[ENTRY(sourceid)];
	size_t pointers = 0;

	if (version == number || number == source || source == version)
		return false;
	for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++)
		if (!entries[required[i]])
			return false;
	if (!returns(image, version, is_version, out) || !returns(image, number, is_number, out) ||
	    !returns(image, source, is_source, out))
		return false;
	for (size_t i = 0; i < LEAST_ENTRIES; i++)
		pointers += entries[i] != 0;
	return pointers > LEAST_ENTRIES / 2;
}

uint64_t apitable_fingerprint(const void *table)
{
	const uintptr_t *entries = table;
	uint64_t mixed = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < LEAST_ENTRIES; i++)
		mixed = (mixed ^ entries[i]) * UINT64_C(1099511628211);
	return mixed;
}

static size_t find_between(const struct image *image, const struct segment *segment, uintptr_t start, uintptr_t stop,
			   const struct text *text, struct api_table *out, size_t limit)
{
	const uintptr_t *words;
	size_t count, found = 0, i = 0;
	size_t known = 0; /* all words from i to here are entries */

	start = (start + sizeof(void *) - 1) & ~(sizeof(void *) - 1);
	if (stop <= start)
		return 0;
	words = (const uintptr_t *)(const void *)(segment->bytes + (start - segment->start));
	count = (stop - start) / sizeof(void *);
	while (i + LEAST_ENTRIES <= count && found < limit) {
		/* from behind: a word that is no entry rules out every table that would cover it */
		size_t at = i + LEAST_ENTRIES;
		while (at > known && is_entry(text, words[at - 1]))
			at--;
		if (at > known) {
			i = known = at;
			continue;
		}
		known = i + LEAST_ENTRIES;
		if (!is_table(image, words + i, &out[found])) {
			i++;
			continue;
		}
		out[found].address = start + i * sizeof(void *);
		out[found++].fingerprint = apitable_fingerprint(words + i);
		i = known;
	}
	return found;
}

static struct text text_of(const struct image *image)
{
	struct text text = {UINTPTR_MAX, 0, image->ours_start, image->ours_stop};

	for (unsigned i = 0; i < image->count; i++) {
		const struct segment *segment = &image->segments[i];
		if (!(segment->flags & PF_X))
			continue;
		text.start = segment->start < text.start ? segment->start : text.start;
		text.stop = segment->stop > text.stop ? segment->stop : text.stop;
	}
	return text;
}

/* Linkers used to put constants and code into one segment. */
static bool has_constants(const struct image *image)
{
	for (unsigned i = 0; i < image->count; i++)
		if ((image->segments[i].flags & (PF_R | PF_W | PF_X)) == PF_R &&
		    image->segments[i].stop - image->segments[i].start >= 65536)
			return true;
	return false;
}

/* May a table lie in it? One that needed relocation lies in a segment that was writable then. */
static bool is_searched(const struct image *image, const struct segment *segment)
{
	if (!(segment->flags & PF_R))
		return false;
	if (!image->fixed)
		return segment->flags & PF_W;
	return !(segment->flags & PF_X) || !has_constants(image);
}

size_t apitable_find(const struct image *image, struct api_table *out, size_t limit)
{
	struct text text = text_of(image);
	size_t found = 0;

	for (unsigned i = 0; i < image->count && found < limit; i++) {
		const struct segment *segment = &image->segments[i];
		uintptr_t start = segment->start, stop = segment->stop;

		if (!is_searched(image, segment))
			continue;
		/* where there is RELRO, in that */
		if (!image->fixed && image->relro_start != image->relro_stop) {
			start = image->relro_start > start ? image->relro_start : start;
			stop = image->relro_stop < stop ? image->relro_stop : stop;
		}
		found += find_between(image, segment, start, stop, &text, out + found, limit - found);
	}
	return found;
}

bool apitable_is_there(const struct image *image, const struct api_table *table)
{
	size_t left;
	const unsigned char *bytes = at(image, table->address, PF_R, &left);

	return bytes && left >= LEAST_ENTRIES * sizeof(void *) && apitable_fingerprint(bytes) == table->fingerprint;
}

bool apitable_has_magic(const struct image *image)
{
	for (unsigned i = 0; i < image->count; i++) {
		const struct segment *segment = &image->segments[i];
		if ((segment->flags & PF_R) && memmem(segment->bytes, segment->stop - segment->start, "SQLite format 3", 16))
			return true;
	}
	return false;
}
