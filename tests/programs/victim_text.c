/* victim_text.c - SQL text placed so that reading one unit too many is a crash, not luck. */
#include "victim_text.h"

#include "victim.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static unsigned char escape_decode(const char **at)
{
	char digits[3] = {0};

	switch (*(*at)++) {
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case '0':
		return '\0';
	case '\\':
		return '\\';
	case 'x':
		memcpy(digits, *at, strnlen(*at, 2));
		*at += strlen(digits);
		return (unsigned char)strtoul(digits, NULL, 16);
	default:
		victim_die("unknown escape", *at - 1);
	}
}

/* Decodes the escapes of line into out, which has a size of strlen(line) bytes; returns how many there are. */
static size_t line_decode(const char *line, unsigned char *out)
{
	size_t length = 0;

	while (*line) {
		if (*line == '\\') {
			line++;
			out[length++] = escape_decode(&line);
		} else
			out[length++] = (unsigned char)*line++;
	}
	return length;
}

/* One code point from well-formed UTF-8 at *at. */
static uint32_t point_decode(const unsigned char *bytes, size_t *at)
{
	unsigned char first = bytes[(*at)++];
	unsigned more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
	uint32_t point = more ? first & (0x3fU >> more) : first;

	while (more--)
		point = point << 6 | (bytes[(*at)++] & 0x3fU);
	return point;
}

/* The bytes as UTF-16 in out, which holds one unit per byte; returns the size in bytes. */
static size_t text_widen(const unsigned char *bytes, size_t length, uint16_t *out)
{
	size_t units = 0;

	for (size_t at = 0; at < length;) {
		uint32_t point = point_decode(bytes, &at);

		if (point < 0x10000) {
			out[units++] = (uint16_t)point;
			continue;
		}
		out[units++] = (uint16_t)(0xd800 + ((point - 0x10000) >> 10));
		out[units++] = (uint16_t)(0xdc00 + ((point - 0x10000) & 0x3ff));
	}
	return units * sizeof(*out);
}

struct text text_place(const char *line, bool wide, bool terminated)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), most = strlen(line) + 4;
	unsigned char *bytes = calloc(1, most);
	uint16_t *units = calloc(most, sizeof(*units));

	if (!bytes || !units)
		victim_die("out of memory", line);
	size_t length = line_decode(line, bytes);
	if (wide)
		length = text_widen(bytes, length, units);
	size_t used = length + (terminated ? wide ? 2 : 1 : 0);
	size_t size = (used / page + 1) * page + page;

	char *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED || mprotect(pages + size - page, page, PROT_NONE) != 0)
		victim_die("out of memory", line);
	struct text text = {pages + size - page - used, length, pages, size};
	memcpy(text.units, wide ? (const void *)units : bytes, used);
	free(bytes);
	free(units);
	return text;
}

void text_remove(struct text *text)
{
	munmap(text->pages, text->size);
}
