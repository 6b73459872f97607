/* span.c - a program's SQL text, and the names and values at a span of it, decoded as SQLite does. */
#include "sql/token.h"

struct sql_text sql_text_utf8(const char *sql, int bytes)
{
	struct sql_text text = {.units = sql};

	if (sql != NULL)
		text.length = bytes < 0 ? strlen(sql) : strnlen(sql, (size_t)bytes);
	return text;
}

struct sql_text sql_text_utf16(const void *sql, int bytes)
{
	struct sql_text text = {.units = sql, .wide = true};
	size_t most = bytes < 0 ? SIZE_MAX / 2 : (size_t)bytes / 2;
	uint16_t unit;

	if (sql == NULL)
		return text;
	for (; text.length < most; text.length++) {
		memcpy(&unit, (const char *)sql + 2 * text.length, sizeof(unit));
		if (unit == 0)
			break;
		if (text.length == 0)
			text.swapped = unit == 0xfffe;
	}
	return text;
}

/* Returns one character a call, up to the span's end. */
struct span_reader {
	const struct sql_text *text;
	size_t at, end;
	unsigned quote; /* the closing quote, or 0 */
};

static struct span_reader reader_begin(const struct sql_text *text, struct span span)
{
	struct span_reader reader = {text, span.start, span.end, 0};
	unsigned unit = unit_get(text, span.start);

	if (span.end - span.start < 2)
		return reader;
	if (unit == '\'' || unit == '"' || unit == '`' || unit == '[') {
		reader.quote = unit == '[' ? ']' : unit;
		reader.at++;
		reader.end--;
	} else if (unit == '+') {
		reader.at = token_find(text, span.start + 1).span.start;
	}
	return reader;
}

/* The next code point (of UTF-8 text, the next byte); 0 after the last one. */
static unsigned reader_next(struct span_reader *reader)
{
	size_t at = reader->at;
	unsigned unit;

	if (at >= reader->end)
		return 0;
	unit = unit_get(reader->text, at);
	reader->at = unit_next(reader->text, at);
	if (reader->at - at == 2)
		return 0x10000 + ((unit & 0x3ff) << 10) + (unit_get(reader->text, at + 1) & 0x3ff);
	if (unit == reader->quote)
		reader->at++;
	if (unit == '-' && reader->quote == 0)
		reader->at = token_find(reader->text, at + 1).span.start;
	return unit;
}

bool span_is(const struct sql_text *text, struct span span, const char *word)
{
	struct span_reader reader = reader_begin(text, span);
	unsigned unit;

	for (; (unit = reader_next(&reader)) != 0; word++) {
		if (unit_fold(unit) != unit_fold((unsigned char)*word))
			return false;
	}
	return *word == '\0';
}

static size_t encode_utf8(unsigned point, char *out)
{
	if (point < 0x80) {
		out[0] = (char)point;
		return 1;
	}
	if (point < 0x800) {
		out[0] = (char)(0xc0 | point >> 6);
		out[1] = (char)(0x80 | (point & 0x3f));
		return 2;
	}
	if (point < 0x10000) {
		out[0] = (char)(0xe0 | point >> 12);
		out[1] = (char)(0x80 | (point >> 6 & 0x3f));
		out[2] = (char)(0x80 | (point & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | point >> 18);
	out[1] = (char)(0x80 | (point >> 12 & 0x3f));
	out[2] = (char)(0x80 | (point >> 6 & 0x3f));
	out[3] = (char)(0x80 | (point & 0x3f));
	return 4;
}

size_t span_copy(const struct sql_text *text, struct span span, char *out, size_t size)
{
	struct span_reader reader = reader_begin(text, span);
	size_t length = 0, count, i;
	char encoded[4];
	unsigned point;

	while ((point = reader_next(&reader)) != 0) {
		encoded[0] = (char)point;
		count = text->wide ? encode_utf8(point, encoded) : 1;
		for (i = 0; i < count; i++, length++) {
			if (length + 1 < size)
				out[length] = encoded[i];
		}
	}
	if (size > 0)
		out[length < size ? length : size - 1] = '\0';
	return length;
}
