/* apitable.c - finds struct sqlite3_api_routines in an object. */
#include "elf/apitable.h"

#include "elf/code.h"
#include "elf/search.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

#define SQLITE_CORE 1 /* the struct alone, without the macros that hide the functions */
#include <sqlite3ext.h>

#define ENTRY(name) (offsetof(struct sqlite3_api_routines, name) / sizeof(void *))

/* The table of 3.8.7, the first that has auto_extension. */
#define LEAST_ENTRIES (ENTRY(auto_extension) + 1)

/* The greatest distance from the code that opens files to the nearest function of its SQLite's table. */
#define NEAR 0x40000

/* No build leaves these out. */
static const unsigned short required[] = {
	ENTRY(aggregate_context), ENTRY(bind_blob),      ENTRY(bind_int64),        ENTRY(bind_text),
	ENTRY(busy_timeout),      ENTRY(close),          ENTRY(column_text),       ENTRY(exec),
	ENTRY(finalize),          ENTRY(libversion),     ENTRY(libversion_number), ENTRY(open),
	ENTRY(prepare),           ENTRY(step),           ENTRY(prepare_v2),        ENTRY(file_control),
	ENTRY(open_v2),           ENTRY(vfs_find),       ENTRY(vfs_register),      ENTRY(sourceid),
	ENTRY(close_v2),          ENTRY(auto_extension),
};

/* Is the text at address a version, "3.40.1"? */
static bool is_version(const struct image *image, uintptr_t address, void *table)
{
	struct api_table *out = table;
	size_t left, n;
	const char *text = (const char *)image_at(image, address, PF_R, &left);
	unsigned minor, patch;
	char again[16];

	if (!text || left < 6 || memcmp(text, "3.", 2) != 0)
		return false;
	n = strnlen(text, left < sizeof(out->version) ? left : sizeof(out->version));
	if (n >= left || n >= sizeof(out->version) || sscanf(text, "3.%3u.%3u", &minor, &patch) != 2)
		return false;
	/* a branch's fourth number is not part of the version number */
	n = (size_t)snprintf(again, sizeof(again), "3.%u.%u", minor, patch);
	if (strncmp(text, again, n) != 0 || (text[n] != '\0' && text[n] != '.'))
		return false;
	out->number = 3000000 + minor * 1000 + patch;
	snprintf(out->version, sizeof(out->version), "%s", text);
	return true;
}

/* Source ids begin with a date: "2022-12-28 14:03:47 df5c253c…". */
static bool is_source(const struct image *image, uintptr_t address, void *table)
{
	static const char form[] = "20dd-dd-dd dd:dd:dd ";
	size_t left;
	const char *text = (const char *)image_at(image, address, PF_R, &left);

	(void)table;
	if (!text || left < sizeof(form))
		return false;
	for (size_t i = 0; form[i]; i++)
		if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
			return false;
	return true;
}

static bool is_number(const struct image *image, uintptr_t value, void *table)
{
	const struct api_table *out = table;

	(void)image;
	return (uint32_t)value == out->number;
}

/* Where the functions of a table can lie. */
struct text {
	uintptr_t start, stop;
	uintptr_t ours_start, ours_stop;
	uintptr_t code; /* one of them must lie near this address, unless it is 0 */
};

static inline bool is_function(const struct text *text, uintptr_t pointer)
{
	return pointer - text->start < text->stop - text->start || pointer - text->ours_start < text->ours_stop - text->ours_start;
}

/* A build may omit functions; every other entry points to a function. */
static inline bool is_entry(const struct text *text, uintptr_t word)
{
	return word == 0 || is_function(text, word);
}

static bool has_function_near(const uintptr_t *entries, uintptr_t code)
{
	for (size_t i = 0; i < LEAST_ENTRIES; i++)
		if (entries[i] + NEAR >= code && entries[i] <= code + NEAR)
			return true;
	return false;
}

/* Is it the table? The caller has checked that all entries are functions or NULL. Many arrays look like a table at first, such as
 * vtables of C++ classes, so the functions' code is read last. */
static bool is_table(const struct image *image, const struct text *text, const uintptr_t *entries, struct api_table *out)
{
	uintptr_t version = entries[ENTRY(libversion)], number = entries[ENTRY(libversion_number)],
		  source = entries[ENTRY(sourceid)];
	size_t pointers = 0;

	if (version == number || number == source || source == version)
		return false;
	for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++)
		if (!entries[required[i]])
			return false;
	if (text->code && !has_function_near(entries, text->code))
		return false;
	if (!code_returns(image, version, is_version, out) || !code_returns(image, number, is_number, out) ||
	    !code_returns(image, source, is_source, out))
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

static size_t find_in(const struct image *image, const struct place *place, const struct text *text, struct api_table *out,
		      size_t limit)
{
	uintptr_t start = (place->start + sizeof(void *) - 1) & ~(sizeof(void *) - 1);
	const uintptr_t *words;
	size_t count, found = 0, i = 0;
	size_t known = 0; /* all words from i to here are entries */

	if (place->stop <= start)
		return 0;
	words = (const uintptr_t *)(const void *)(place->segment->bytes + (start - place->segment->start));
	count = (place->stop - start) / sizeof(void *);
	while (i + LEAST_ENTRIES <= count && found < limit) {
		/* backwards: a word that is no entry rules out every table that would contain it */
		size_t at = i + LEAST_ENTRIES;
		while (at > known && is_entry(text, words[at - 1]))
			at--;
		if (at > known) {
			i = known = at;
			continue;
		}
		known = i + LEAST_ENTRIES;
		if (!is_table(image, text, words + i, &out[found])) {
			i++;
			continue;
		}
		out[found].address = start + i * sizeof(void *);
		out[found++].fingerprint = apitable_fingerprint(words + i);
		i = known;
	}
	return found;
}

static struct text text_of(const struct image *image, uintptr_t code)
{
	struct text text = {UINTPTR_MAX, 0, image->ours_start, image->ours_stop, code};

	for (unsigned i = 0; i < image->count; i++) {
		const struct segment *segment = &image->segments[i];
		if (!(segment->flags & PF_X))
			continue;
		text.start = segment->start < text.start ? segment->start : text.start;
		text.stop = segment->stop > text.stop ? segment->stop : text.stop;
	}
	return text;
}

size_t apitable_find(const struct image *image, struct api_table *out, size_t limit)
{
	struct text text = text_of(image, 0);
	struct place places[SEARCH_PLACES];
	size_t count = search_everywhere(image, places), found = 0;

	for (size_t i = 0; i < count && found < limit; i++)
		found += find_in(image, &places[i], &text, out + found, limit - found);
	return found;
}

bool apitable_add(struct api_table *tables, size_t *count, size_t limit, const struct api_table *table)
{
	size_t n = 0;

	while (n < *count && tables[n].address != table->address)
		n++;
	if (n == limit)
		return false;
	tables[n] = *table;
	*count += n == *count;
	return true;
}

size_t apitable_find_near(const struct image *image, uintptr_t code, struct api_table *out, size_t limit)
{
	struct text text = text_of(image, code);
	struct place places[SEARCH_PLACES];
	size_t count = search_near(image, code, places), found = 0;

	for (size_t i = 0; i < count && found < limit; i++) {
		struct api_table *more = out + found;
		size_t more_count = find_in(image, &places[i], &text, more, limit - found);
		for (size_t n = 0; n < more_count; n++)
			apitable_add(out, &found, limit, &more[n]);
	}
	return found;
}

bool apitable_is_there(const struct image *image, const struct api_table *table)
{
	size_t left;
	const unsigned char *bytes = image_at(image, table->address, PF_R, &left);

	return bytes && left >= LEAST_ENTRIES * sizeof(void *) && apitable_fingerprint(bytes) == table->fingerprint;
}

/* The address sanitizer's memmem() would look at what it keeps between a program's constants. */
#ifdef __SANITIZE_ADDRESS__
__attribute__((no_sanitize("address"))) static bool holds(const unsigned char *bytes, size_t size, const char *text, size_t length)
{
	for (size_t i = 0, same = 0; i < size; i++) {
		same = bytes[i] == (unsigned char)text[same] ? same + 1 : bytes[i] == (unsigned char)text[0];
		if (same == length)
			return true;
	}
	return false;
}
#else
static bool holds(const unsigned char *bytes, size_t size, const char *text, size_t length)
{
	return memmem(bytes, size, text, length);
}
#endif

bool apitable_has_magic(const struct image *image)
{
	for (unsigned i = 0; i < image->count; i++) {
		const struct segment *segment = &image->segments[i];
		if ((segment->flags & PF_R) && holds(segment->bytes, segment->stop - segment->start, "SQLite format 3", 16))
			return true;
	}
	return false;
}
