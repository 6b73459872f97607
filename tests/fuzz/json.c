/* Fuzzes the writer of the report's lines with whatever bytes for paths, names and reasons: each line is JSON (RFC 8259) and UTF-8,
 * and says what was put in, but that a byte which is no UTF-8 is U+FFFD.
 *
 * The input: a byte of flags, and texts that end with NUL: the database's path, the program, the library, and reasons. */
#include "report/json.h"

#include "base/utf8.h"
#include "report/report.h"
#include "require.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXTS 8

enum { NO_PATH = 1, NO_REASON = 2, LEFT_BEGINS = 4, UNREACHED = 8, OPEN = 16 };

/* A decoder of its own, by arithmetic: the code point at *at, which is moved past it; -1 for a byte that belongs to none. */
static long decode(const unsigned char **at, const unsigned char *end)
{
	static const long least[] = {0, 0x80, 0x800, 0x10000};
	const unsigned char *s = *at;
	long point = *s;
	int more = *s < 0x80 ? 0 : (*s & 0xe0) == 0xc0 ? 1 : (*s & 0xf0) == 0xe0 ? 2 : (*s & 0xf8) == 0xf0 ? 3 : -1;

	(*at)++;
	if (more < 0 || end - s <= more)
		return -1;
	point &= more ? 0x3f >> more : 0x7f;
	for (int i = 1; i <= more; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return -1;
		point = point << 6 | (s[i] & 0x3f);
	}
	if (point < least[more] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
		return -1;
	*at = s + more + 1;
	return point;
}

static bool terminal_obeys(long point)
{
	return point < ' ' || (point >= 0x7f && point < 0xa0) || point == 0x61c || point == 0x200e || point == 0x200f ||
	       (point >= 0x2028 && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

struct reader {
	const unsigned char *at, *end;
};

/* The next character of a JSON string; -1 after its closing quote. */
static long read_character(struct reader *reader)
{
	static const char escapes[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	const char *escape;
	char digits[5] = "", *stop;
	long point;

	require(reader->at < reader->end, "the string has an end");
	point = decode(&reader->at, reader->end);
	require(point >= 0 && !terminal_obeys(point), "a line holds UTF-8 only, and nothing that a terminal obeys");
	if (point == '"')
		return -1;
	if (point != '\\')
		return point;
	require(reader->end - reader->at > 5, "the escape is whole");
	if (*reader->at != 'u') {
		escape = strchr(escapes, *reader->at++);
		require(escape && *escape, "the escape exists");
		return (unsigned char)meant[escape - escapes];
	}
	memcpy(digits, reader->at + 1, 4);
	point = strtol(digits, &stop, 16);
	require(stop == digits + 4 && digits[0] != '-' && digits[0] != '+' && digits[0] != ' ', "four hexadecimal digits");
	require(point < 0xd800 || point > 0xdfff, "no halves of a pair");
	reader->at += 5;
	return point;
}

/* A string that encodes this text. */
static void expect_text(struct reader *reader, const char *text)
{
	const unsigned char *at = (const unsigned char *)text, *end = at + strlen(text);
	long wanted;

	require(reader->at < reader->end && *reader->at++ == '"', "a string begins");
	while (at < end) {
		wanted = decode(&at, end);
		require(read_character(reader) == (wanted < 0 ? 0xfffd : wanted), "the text is what it was");
	}
	require(read_character(reader) == -1, "the string ends with the text");
}

static void expect(struct reader *reader, const char *literal)
{
	size_t length = strlen(literal);

	require((size_t)(reader->end - reader->at) >= length && memcmp(reader->at, literal, length) == 0, literal);
	reader->at += length;
}

static void expect_or_null(struct reader *reader, const char *text)
{
	if (text)
		expect_text(reader, text);
	else
		expect(reader, "null");
}

static void skip_value(struct reader *reader)
{
	if (*reader->at == '"') {
		for (reader->at++; read_character(reader) >= 0;)
			;
	} else {
		while (strchr("-0123456789nulltruefalse", *reader->at))
			reader->at++;
	}
}

static void check_connection(const struct connection *connection, bool open)
{
	char *line = report_format(connection, open);
	struct reader reader = {(const unsigned char *)line, (const unsigned char *)line + (line ? strlen(line) : 0)};

	require(line && line[strlen(line) - 1] == '\n' && !memchr(line, '\n', strlen(line) - 1), "one line");
	expect(&reader, "{\"pid\":");
	skip_value(&reader);
	expect(&reader, ",\"connection\":");
	skip_value(&reader);
	expect(&reader, open ? ",\"open\":true,\"program\":" : ",\"open\":false,\"program\":");
	expect_text(&reader, program_invocation_short_name);
	expect(&reader, ",\"database\":");
	expect_or_null(&reader, connection->path);
	expect(&reader, ",\"sqlite\":{\"version\":");
	expect_text(&reader, connection->sqlite->version);
	expect(&reader, ",\"library\":");
	if (*connection->sqlite->object)
		expect_text(&reader, connection->sqlite->object);
	else
		skip_value(&reader);
	expect(&reader, "},\"reached\":");
	skip_value(&reader);
	expect(&reader, ",\"left_alone\":");
	expect_or_null(&reader, connection->passthrough);
	expect(&reader, ",\"settings\":{");
	for (int i = 0; i < SETTING_APPLIED_COUNT; i++) {
		if (i)
			expect(&reader, ",");
		expect_text(&reader, settings_table[i].pragma);
		expect(&reader, ":{\"wanted\":");
		skip_value(&reader);
		expect(&reader, ",\"got\":");
		skip_value(&reader);
		expect(&reader, ",\"decided_by\":");
		skip_value(&reader);
		expect(&reader, ",\"reason\":");
		expect_or_null(&reader, connection->outcomes[i].reason);
		expect(&reader, "}");
	}
	expect(&reader, "},\"begins_rewritten\":");
	skip_value(&reader);
	expect(&reader, ",\"begins_not_upgraded\":{");
	if (connection->begins_not_upgraded_reason) {
		expect_text(&reader, connection->begins_not_upgraded_reason);
		expect(&reader, ":");
		skip_value(&reader);
	}
	expect(&reader, "},\"waits\":null,\"transactions\":null}\n");
	free(line);
}

static void check_unreached(const char *database, const char *object)
{
	char *line = report_format_unreached(database, object);
	struct reader reader = {(const unsigned char *)line, (const unsigned char *)line + (line ? strlen(line) : 0)};

	expect(&reader, "{\"pid\":");
	skip_value(&reader);
	expect(&reader, ",\"program\":");
	expect_text(&reader, program_invocation_short_name);
	expect(&reader, ",\"database\":");
	expect_or_null(&reader, database);
	expect(&reader, ",\"sqlite\":{\"version\":null,\"library\":");
	expect_text(&reader, object);
	expect(&reader, "},\"reached\":null,\"left_alone\":");
	skip_value(&reader);
	expect(&reader, ",\"settings\":{},\"begins_rewritten\":0,\"begins_not_upgraded\":{}}\n");
	free(line);
}

/* What a log line makes of it: of the same length, UTF-8, without controls; what was harmless stays. */
static void check_neutralised(const char *text)
{
	char *copy = strdup(text);
	const unsigned char *was = (const unsigned char *)text, *end = was + strlen(text), *is = (unsigned char *)copy, *before;
	long point;

	utf8_neutralise(copy);
	require(strlen(copy) == strlen(text), "its length stays");
	while (was < end) {
		before = was;
		point = decode(&was, end);
		for (; before < was; before++, is++)
			require(point < 0 || terminal_obeys(point) ? *is == '?' : *is == *before, "harmless, and else as it was");
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sqlite sqlite = {.version = "3.40.1"};
	struct connection connection = {.sqlite = &sqlite};
	char *input, *texts[TEXTS], *kept = program_invocation_short_name;
	unsigned flags;

	if (size == 0)
		return 0;
	flags = data[0];
	input = malloc(size);
	memcpy(input, data + 1, size - 1);
	input[size - 1] = '\0';
	texts[0] = input;
	for (int i = 1; i < TEXTS; i++) {
		char *end = texts[i - 1] + strlen(texts[i - 1]);
		texts[i] = end == input + size - 1 ? end : end + 1;
	}
	for (int i = 0; i < TEXTS; i++)
		check_neutralised(texts[i]);
	program_invocation_short_name = texts[1];
	snprintf(sqlite.object, sizeof(sqlite.object), "%s", texts[2]);
	connection.path = flags & NO_PATH ? NULL : texts[0];
	connection.reached = strlen(texts[3]) % (REACHED_NOT_UPGRADED + 1);
	connection.passthrough = flags & NO_REASON ? NULL : texts[4];
	for (int i = 0; i < SETTING_APPLIED_COUNT; i++) {
		connection.outcomes[i].wanted = connection.outcomes[i].got = VALUE_UNKNOWN;
		connection.outcomes[i].reason = flags & NO_REASON ? NULL : texts[5 + i % 2];
	}
	connection.begins_not_upgraded_reason = flags & LEFT_BEGINS ? texts[7] : NULL;
	check_connection(&connection, flags & OPEN);
	if (flags & UNREACHED)
		check_unreached(connection.path, texts[2]);
	program_invocation_short_name = kept;
	free(input);
	return 0;
}
