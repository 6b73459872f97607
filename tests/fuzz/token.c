/* Fuzzes the reader of tokens, spans and statements with whatever bytes and lengths: it reads nothing past the text, which ends
 * where a page does that may be read and one begins that may not, without a NUL; tokens and spans lie in the text and come in
 * order.
 *
 * What a token is, and where a statement ends, the fuzzer of statements compares with SQLite.
 *
 * The input: a byte of flags, two that choose a length, and the text. */
#include "sql/token.h"
#include "require.h"
#include "sql/first_words.h"
#include "sql/rewrite.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { WIDE = 1, CUT = 2, BEYOND = 4 };

#define LONGEST 8192

/* These bytes, at the end of the last page that may be read. */
static const char *place_at_edge(const uint8_t *bytes, size_t size)
{
	static char *edge;

	if (!edge) {
		size_t page = (size_t)sysconf(_SC_PAGESIZE), room = (LONGEST + page - 1) / page * page;
		char *pages = mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (pages == MAP_FAILED || mprotect(pages + room, page, PROT_NONE) != 0)
			abort();
		edge = pages + room;
	}
	if (size)
		memcpy(edge - size, bytes, size);
	return edge - size;
}

/* Its units up to a NUL, at most so many. */
static size_t measure(const char *sql, size_t most, bool wide)
{
	for (size_t i = 0; i < most; i++) {
		if (wide ? sql[2 * i] == 0 && sql[2 * i + 1] == 0 : sql[i] == 0)
			return i;
	}
	return most;
}

static bool is_inside(struct span span, size_t from, size_t end)
{
	return from <= span.start && span.start <= span.end && span.end <= end;
}

/* What is copied is the same for every size, but for what does not fit. */
static void check_span(const struct sql_text *text, struct span span, size_t room)
{
	size_t length = span_copy(text, span, NULL, 0);
	char *whole = malloc(length + 1), *part = malloc(room + 1);
	bool ascii = true;

	require(length <= 4 * (span.end - span.start), "no longer than it can be");
	require(span_copy(text, span, whole, length + 1) == length && whole[length] == '\0', "all of it fits");
	require(span_copy(text, span, part, room) == length, "its length does not depend on the room");
	if (room > 0) {
		size_t copied = length < room ? length : room - 1;
		require(part[copied] == '\0' && memcmp(part, whole, copied) == 0, "cut, and ended");
	}
	for (size_t i = 0; i < length; i++)
		ascii = ascii && whole[i] > 0;
	require(!ascii || span_is(text, span, whole), "it is what is copied of it");
	free(whole);
	free(part);
}

static void check_tokens(const struct sql_text *text, size_t room)
{
	struct token token = {.kind = TOKEN_OTHER}, again;
	size_t at = 0;

	while (token.kind != TOKEN_END) {
		token = token_find(text, at);
		require(is_inside(token.span, at, text->length), "a token lies in the text, behind the one before");
		require(token.kind != TOKEN_BLANK, "blanks are skipped");
		require((token.kind == TOKEN_END) == (token.span.start == token.span.end), "only the last one is empty");
		again = token_find(text, token.span.start);
		require(again.kind == token.kind && again.span.end == token.span.end, "found again where it begins");
		token_is(text, token, "deferred");
		check_span(text, token.span, room);
		at = token.span.end;
	}
	require(token_next(text, token).kind == TOKEN_END && token.span.end == text->length, "the end stays the end");
}

static void check_rewritten(const struct sql_text *text, const struct statement *statement, size_t from, size_t end)
{
	struct rewrite rewrite = {statement->kind == STATEMENT_BEGIN ? statement->mode : statement->value, "IMMEDIATE"};
	size_t bytes = 0, unit = text->wide ? 2 : 1;
	char *rewritten = rewrite_make(&rewrite, text, (struct span){from, end}, &bytes);

	require(rewritten && bytes >= (end - from) * unit && bytes % unit == 0, "not shorter than it was");
	require(measure(rewritten, bytes / unit + 1, text->wide) == bytes / unit, "ended by a NUL, and by none before");
	rewrite_discard(rewritten, bytes);
}

static void check_statements(const struct sql_text *text)
{
	struct statement statement;

	for (size_t from = 0, end; from < text->length; from = end) {
		statement_read(text, from, &statement);
		end = statement_find_end(text, &statement);
		require(from <= statement.start && statement.start <= end && end <= text->length && end > from, "statements go on");
		require(is_inside(statement.name, 0, end) && is_inside(statement.schema, 0, end) &&
				is_inside(statement.value, 0, end) && is_inside(statement.mode, 0, end),
			"names lie in the statement");
		if ((statement.kind == STATEMENT_BEGIN && statement.begin != BEGIN_OTHER) ||
		    (statement.kind == STATEMENT_PRAGMA && statement.has_value))
			check_rewritten(text, &statement, from, end);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t chosen, unit, length;
	struct sql_text text;
	const char *sql;
	int bytes;

	if (size < 3 || size > LONGEST)
		return 0;
	chosen = data[1] | (size_t)data[2] << 8;
	unit = data[0] & WIDE ? 2 : 1;
	sql = place_at_edge(data + 3, size - 3);
	bytes = (int)(size - 3);
	length = measure(sql, (size_t)bytes / unit, unit == 2);
	/* beyond its end, or unlimited, only if a NUL says where that is */
	if (data[0] & BEYOND && length < (size_t)bytes / unit)
		bytes = chosen & 1 ? -1 : bytes + (int)chosen;
	else if (data[0] & CUT && bytes > 0)
		bytes = (int)(chosen % (size_t)bytes);
	if (bytes >= 0 && length > (size_t)bytes / unit)
		length = (size_t)bytes / unit;

	text = unit == 2 ? sql_text_utf16(sql, bytes) : sql_text_utf8(sql, bytes);
	require(text.units == sql && text.length == length && text.wide == (unit == 2), "as long as SQLite would read");
	if (unit == 1)
		statement_first_letter(sql, bytes);
	check_tokens(&text, chosen % 40);
	check_statements(&text);
	return 0;
}
