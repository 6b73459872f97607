/* rewrite.c - makes a statement with other words at one place. */
#include "sql/rewrite.h"

#include "sql/token.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Appends units of the text, in native byte order; returns the end of the output. */
static char *append_text(char *out, const struct sql_text *text, size_t from, size_t end)
{
	uint16_t unit;

	if (!text->wide) {
		memcpy(out, (const char *)text->units + from, end - from);
		return out + (end - from);
	}
	for (; from < end; from++, out += sizeof(unit)) {
		unit = (uint16_t)unit_get(text, from);
		memcpy(out, &unit, sizeof(unit));
	}
	return out;
}

static char *append_unit(char *out, bool wide, unsigned char value)
{
	uint16_t unit = value;

	if (!wide) {
		*out = (char)value;
		return out + 1;
	}
	memcpy(out, &unit, sizeof(unit));
	return out + sizeof(unit);
}

void *rewrite_make(const struct rewrite *rewrite, const struct sql_text *text, struct span part, size_t *bytes)
{
	struct span place = rewrite->place;
	const char *words = rewrite->words;
	size_t replaced = place.end - place.start, added = strlen(words);
	size_t blanks = replaced > added ? replaced - added : 0, unit_size = text->wide ? sizeof(uint16_t) : 1, units;
	bool sticks = unit_is_word_at(text, place.end);
	char *rewritten, *out;

	if (blanks == 0 && place.start > part.start && unit_is_word_at(text, place.start - 1))
		blanks = 1;
	units = part.end - part.start - replaced + blanks + added + sticks;
	if (units > (INT_MAX / unit_size) - 1)
		return NULL;
	rewritten = malloc((units + 1) * unit_size);
	if (rewritten == NULL)
		return NULL;
	out = append_text(rewritten, text, part.start, place.start);
	for (; blanks > 0; blanks--)
		out = append_unit(out, text->wide, ' ');
	for (; *words != '\0'; words++)
		out = append_unit(out, text->wide, (unsigned char)*words);
	if (sticks)
		out = append_unit(out, text->wide, ' ');
	out = append_text(out, text, place.end, part.end);
	append_unit(out, text->wide, 0);
	*bytes = units * unit_size;
	return rewritten;
}

void rewrite_discard(void *text, size_t bytes)
{
	if (text) {
		memset(text, 0, bytes);
		__asm__ volatile("" : : "r"(text) : "memory");
	}
	free(text);
}
