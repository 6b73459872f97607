/* statement.c - which SQL statement is this, and its rewritten form.
 *
 * A tokenizer after SQLite's rules, and just enough of its grammar to tell statements apart. Both walk over the program's own
 * text, UTF-8 or UTF-16, without copying it; only statement_rewrite allocates. connection.c and apply.c ask here. */
#include "statement.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum token_kind {
	TOKEN_END,
	TOKEN_BLANK, /* blanks and comments */
	TOKEN_WORD,  /* keyword or bare name */
	TOKEN_NAME,  /* "…", `…` or […] */
	TOKEN_STRING,
	TOKEN_NUMBER,
	TOKEN_SIGN,
	TOKEN_EQUAL,
	TOKEN_DOT,
	TOKEN_COMMA,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_SEMICOLON,
	TOKEN_OTHER, /* operators, variables, blobs, and what SQLite refuses */
};

struct token {
	enum token_kind kind;
	struct span span;
};

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

/* The unit at a position; 0 behind the end. Programs may hand in UTF-16 at odd addresses. */
static inline unsigned unit_at(const struct sql_text *text, size_t at)
{
	uint16_t unit;

	if (at >= text->length)
		return 0;
	if (!text->wide)
		return ((const unsigned char *)text->units)[at];
	memcpy(&unit, (const char *)text->units + 2 * at, sizeof(unit));
	return text->swapped ? __builtin_bswap16(unit) : unit;
}

/* The position behind the character there. SQLite takes any unit behind any surrogate as its other half, even a quote. */
static inline size_t behind(const struct sql_text *text, size_t at)
{
	if (text->wide && (unit_at(text, at) & 0xf800) == 0xd800 && at + 1 < text->length)
		return at + 2;
	return at + 1;
}

static inline unsigned fold(unsigned unit)
{
	return unit - 'A' < 26u ? unit + 32 : unit;
}

static inline bool is_digit(unsigned unit)
{
	return unit - '0' < 10u;
}

static inline bool is_hex_digit(unsigned unit)
{
	return is_digit(unit) || fold(unit) - 'a' < 6u;
}

static inline bool is_space(unsigned unit)
{
	return unit == ' ' || unit - '\t' < 5u;
}

static inline bool is_word_unit(unsigned unit)
{
	return fold(unit) - 'a' < 26u || is_digit(unit) || unit == '_' || unit == '$' || unit >= 0x80;
}

static size_t skip_digits(const struct sql_text *text, size_t at)
{
	while (is_digit(unit_at(text, at)))
		at++;
	return at;
}

static size_t skip_word(const struct sql_text *text, size_t at)
{
	while (is_word_unit(unit_at(text, at)))
		at = behind(text, at);
	return at;
}

/* From an opening quote to behind the closing one; false if that is missing. A doubled quote is part of the text. */
static bool skip_quoted(const struct sql_text *text, size_t *at)
{
	unsigned quote = unit_at(text, *at), unit;

	for (++*at; (unit = unit_at(text, *at)) != 0; *at = behind(text, *at)) {
		if (unit != quote)
			continue;
		++*at;
		if (unit_at(text, *at) != quote)
			return true;
	}
	return false;
}

static bool skip_bracketed(const struct sql_text *text, size_t *at)
{
	unsigned unit;

	for (++*at; (unit = unit_at(text, *at)) != 0; *at = behind(text, *at)) {
		if (unit == ']') {
			++*at;
			return true;
		}
	}
	return false;
}

/* False if letters stick to the number, which SQLite refuses. */
static bool skip_number(const struct sql_text *text, size_t *at)
{
	size_t sign, from;

	if (unit_at(text, *at) == '0' && fold(unit_at(text, *at + 1)) == 'x' && is_hex_digit(unit_at(text, *at + 2))) {
		for (*at += 3; is_hex_digit(unit_at(text, *at));)
			++*at;
		return true;
	}
	*at = skip_digits(text, *at);
	if (unit_at(text, *at) == '.')
		*at = skip_digits(text, *at + 1);
	if (fold(unit_at(text, *at)) == 'e') {
		sign = *at + 1;
		from = sign + (unit_at(text, sign) == '+' || unit_at(text, sign) == '-');
		if (is_digit(unit_at(text, from)))
			*at = skip_digits(text, from);
	}
	from = *at;
	*at = skip_word(text, from);
	return *at == from;
}

/* $name, @name, :name, #name, and Tcl's $space::name(index), where index may hold anything but blanks and a parenthesis. */
static size_t skip_variable(const struct sql_text *text, size_t at)
{
	bool named = false;
	unsigned unit;

	for (at++; (unit = unit_at(text, at)) != 0;) {
		if (is_word_unit(unit)) {
			named = true;
			at = behind(text, at);
		} else if (unit == ':' && unit_at(text, at + 1) == ':') {
			at += 2;
		} else if (unit == '(' && named) {
			for (at++; (unit = unit_at(text, at)) != 0 && unit != ')' && !is_space(unit);)
				at = behind(text, at);
			return at + (unit == ')');
		} else {
			break;
		}
	}
	return at;
}

static size_t skip_line_comment(const struct sql_text *text, size_t at)
{
	unsigned unit;

	while ((unit = unit_at(text, at)) != 0 && unit != '\n')
		at = behind(text, at);
	return at;
}

/* A comment without its end reaches to the end of the text. */
static size_t skip_block_comment(const struct sql_text *text, size_t at)
{
	unsigned unit;

	for (at += 2; (unit = unit_at(text, at)) != 0; at = behind(text, at)) {
		if (unit == '*' && unit_at(text, at + 1) == '/')
			return at + 2;
	}
	return at;
}

/* SQLite 3.40 and later take a byte order mark between tokens for a blank; inside a word it is a letter. */
static size_t byte_order_mark_at(const struct sql_text *text, size_t at)
{
	if (text->wide)
		return unit_at(text, at) == 0xfeff;
	return unit_at(text, at) == 0xef && unit_at(text, at + 1) == 0xbb && unit_at(text, at + 2) == 0xbf ? 3 : 0;
}

static size_t skip_blob(const struct sql_text *text, size_t at)
{
	unsigned unit;

	for (at += 2; (unit = unit_at(text, at)) != 0 && unit != '\'';)
		at = behind(text, at);
	return at + (unit == '\'');
}

static enum token_kind token_scan_word(const struct sql_text *text, size_t *at)
{
	size_t mark = byte_order_mark_at(text, *at);

	if (mark > 0) {
		*at += mark;
		return TOKEN_BLANK;
	}
	if (fold(unit_at(text, *at)) == 'x' && unit_at(text, *at + 1) == '\'') {
		*at = skip_blob(text, *at);
		return TOKEN_OTHER;
	}
	*at = skip_word(text, *at);
	return TOKEN_WORD;
}

/* Moves *at behind the token that begins there. A vertical tab is a blank behind another blank, and refused elsewhere. */
static enum token_kind token_scan(const struct sql_text *text, size_t *at)
{
	unsigned unit = unit_at(text, *at);

	switch (unit) {
	case 0:
		return TOKEN_END;
	case ' ':
	case '\t':
	case '\n':
	case '\f':
	case '\r':
		while (is_space(unit_at(text, *at)))
			++*at;
		return TOKEN_BLANK;
	case '-':
		if (unit_at(text, *at + 1) == '-') {
			*at = skip_line_comment(text, *at);
			return TOKEN_BLANK;
		}
		++*at;
		return TOKEN_SIGN;
	case '/':
		if (unit_at(text, *at + 1) == '*' && unit_at(text, *at + 2) != 0) {
			*at = skip_block_comment(text, *at);
			return TOKEN_BLANK;
		}
		break;
	case '\'':
		return skip_quoted(text, at) ? TOKEN_STRING : TOKEN_OTHER;
	case '"':
	case '`':
		return skip_quoted(text, at) ? TOKEN_NAME : TOKEN_OTHER;
	case '[':
		return skip_bracketed(text, at) ? TOKEN_NAME : TOKEN_OTHER;
	case '.':
		if (is_digit(unit_at(text, *at + 1)))
			return skip_number(text, at) ? TOKEN_NUMBER : TOKEN_OTHER;
		++*at;
		return TOKEN_DOT;
	case '=':
		*at += 1 + (unit_at(text, *at + 1) == '=');
		return TOKEN_EQUAL;
	case '+':
		++*at;
		return TOKEN_SIGN;
	case ',':
		++*at;
		return TOKEN_COMMA;
	case '(':
		++*at;
		return TOKEN_OPEN;
	case ')':
		++*at;
		return TOKEN_CLOSE;
	case ';':
		++*at;
		return TOKEN_SEMICOLON;
	case '$':
	case '@':
	case ':':
	case '#':
		*at = skip_variable(text, *at);
		return TOKEN_OTHER;
	default:
		if (is_digit(unit))
			return skip_number(text, at) ? TOKEN_NUMBER : TOKEN_OTHER;
		if (is_word_unit(unit))
			return token_scan_word(text, at);
	}
	++*at;
	return TOKEN_OTHER;
}

/* The first token at or behind a position that is not blank. At the end of the text it is TOKEN_END again and again. */
static struct token token_find(const struct sql_text *text, size_t at)
{
	struct token token;

	do {
		token.span.start = at;
		token.kind = token_scan(text, &at);
	} while (token.kind == TOKEN_BLANK);
	token.span.end = at;
	return token;
}

static struct token token_next(const struct sql_text *text, const struct token *token)
{
	return token_find(text, token->span.end);
}

/* Is the token this bare word (given in lower case)? Quoted, it would be a name. */
static bool token_is(const struct sql_text *text, const struct token *token, const char *word)
{
	size_t at;

	if (token->kind != TOKEN_WORD)
		return false;
	for (at = token->span.start; at < token->span.end && *word != '\0'; at++, word++) {
		if (fold(unit_at(text, at)) != (unsigned char)*word)
			return false;
	}
	return at == token->span.end && *word == '\0';
}

static bool token_may_name(const struct token *token)
{
	return token->kind == TOKEN_WORD || token->kind == TOKEN_NAME || token->kind == TOKEN_STRING;
}

static bool token_ends_statement(const struct token *token)
{
	return token->kind == TOKEN_SEMICOLON || token->kind == TOKEN_END;
}

#define WORD_MOST 8

static const struct {
	char word[WORD_MOST];
	enum statement_kind kind;
} first_words[] = {
	{"select", STATEMENT_READ},     {"insert", STATEMENT_WRITE},  {"update", STATEMENT_WRITE},  {"delete", STATEMENT_WRITE},
	{"begin", STATEMENT_BEGIN},     {"pragma", STATEMENT_PRAGMA}, {"with", STATEMENT_READ},     {"replace", STATEMENT_REPLACE},
	{"create", STATEMENT_SCHEMA},   {"drop", STATEMENT_SCHEMA},   {"alter", STATEMENT_SCHEMA},  {"values", STATEMENT_READ},
	{"explain", STATEMENT_EXPLAIN}, {"attach", STATEMENT_ATTACH}, {"vacuum", STATEMENT_VACUUM}, {"reindex", STATEMENT_SCHEMA},
	{"analyze", STATEMENT_SCHEMA},
};

static enum statement_kind kind_of_word(const struct sql_text *text, const struct token *token)
{
	char word[WORD_MOST] = {0};
	size_t length = token->span.end - token->span.start, i;
	unsigned unit;

	if (token->kind != TOKEN_WORD || length > WORD_MOST)
		return STATEMENT_OTHER;
	for (i = 0; i < length; i++) {
		unit = fold(unit_at(text, token->span.start + i));
		if (unit >= 0x80)
			return STATEMENT_OTHER;
		word[i] = (char)unit;
	}
	for (i = 0; i < sizeof(first_words) / sizeof(first_words[0]); i++) {
		if (memcmp(first_words[i].word, word, WORD_MOST) == 0)
			return first_words[i].kind;
	}
	return STATEMENT_OTHER;
}

/* name or schema.name, from *token; *token becomes the token behind. False, with both spans untouched, if there is none. */
static bool read_name(const struct sql_text *text, struct token *token, struct span *schema, struct span *name)
{
	struct token first = *token;

	if (!token_may_name(token))
		return false;
	*token = token_next(text, token);
	if (token->kind != TOKEN_DOT) {
		*name = first.span;
		return true;
	}
	*token = token_next(text, token);
	if (!token_may_name(token))
		return false;
	*schema = first.span;
	*name = token->span;
	*token = token_next(text, token);
	return true;
}

static void read_begin(const struct sql_text *text, struct token token, struct statement *out)
{
	out->begin = BEGIN_PLAIN;
	out->mode = (struct span){token.span.end, token.span.end};
	token = token_next(text, &token);
	if (token_is(text, &token, "deferred")) {
		out->begin = BEGIN_DEFERRED;
		out->mode = token.span;
		token = token_next(text, &token);
	}
	if (token_is(text, &token, "transaction")) {
		token = token_next(text, &token);
		if (token_may_name(&token))
			token = token_next(text, &token);
	}
	if (!token_ends_statement(&token))
		out->begin = BEGIN_OTHER;
}

/* A name, a number, or a signed number; *token becomes the token behind. */
static bool read_value(const struct sql_text *text, struct token *token, struct span *value)
{
	size_t start = token->span.start;

	if (token->kind == TOKEN_SIGN) {
		*token = token_next(text, token);
		if (token->kind != TOKEN_NUMBER)
			return false;
	} else if (token->kind != TOKEN_NUMBER && !token_may_name(token)) {
		return false;
	}
	*value = (struct span){start, token->span.end};
	*token = token_next(text, token);
	return true;
}

static bool read_pragma(const struct sql_text *text, struct token token, struct statement *out)
{
	bool open;

	token = token_next(text, &token);
	if (!read_name(text, &token, &out->schema, &out->name))
		return false;
	open = token.kind == TOKEN_OPEN;
	if (open || token.kind == TOKEN_EQUAL) {
		token = token_next(text, &token);
		if (!read_value(text, &token, &out->value))
			return false;
		out->has_value = true;
		if (open) {
			if (token.kind != TOKEN_CLOSE)
				return false;
			token = token_next(text, &token);
		}
	}
	return token_ends_statement(&token);
}

/* The token behind WITH … (…), the verb. A common table may be called anything, replace included, so only what follows a
 * closing parenthesis counts: AS behind a list of columns, a comma before the next table, or the verb. */
static struct token find_verb(const struct sql_text *text, struct token token)
{
	size_t depth = 0;
	bool closed = false;

	for (;;) {
		token = token_next(text, &token);
		if (token_ends_statement(&token))
			return token;
		if (closed && token.kind != TOKEN_COMMA && !token_is(text, &token, "as"))
			return token;
		closed = false;
		if (token.kind == TOKEN_OPEN)
			depth++;
		else if (token.kind == TOKEN_CLOSE && depth > 0)
			closed = --depth == 0;
	}
}

/* INSERT, REPLACE or UPDATE: is it one that replaces rows, and in which table? */
static void read_write(const struct sql_text *text, struct token token, struct statement *out)
{
	token = token_next(text, &token);
	if (token_is(text, &token, "or")) {
		token = token_next(text, &token);
		if (token_is(text, &token, "replace"))
			out->kind = STATEMENT_REPLACE;
		token = token_next(text, &token);
	}
	if (out->kind != STATEMENT_REPLACE)
		return;
	if (token_is(text, &token, "into"))
		token = token_next(text, &token);
	read_name(text, &token, &out->table_schema, &out->table);
}

void statement_read(const struct sql_text *text, size_t from, struct statement *out)
{
	struct token token = token_find(text, from);
	struct token second;

	while (token.kind == TOKEN_SEMICOLON)
		token = token_next(text, &token);
	*out = (struct statement){.start = token.span.start};
	if (token.kind == TOKEN_END)
		return;
	if (token_is(text, &token, "with")) {
		token = find_verb(text, token);
		out->kind = kind_of_word(text, &token);
		if (out->kind != STATEMENT_READ && out->kind != STATEMENT_WRITE && out->kind != STATEMENT_REPLACE)
			out->kind = STATEMENT_OTHER;
	} else {
		out->kind = kind_of_word(text, &token);
	}
	switch (out->kind) {
	case STATEMENT_BEGIN:
		read_begin(text, token, out);
		break;
	case STATEMENT_PRAGMA:
		if (!read_pragma(text, token, out))
			*out = (struct statement){.kind = STATEMENT_OTHER, .start = out->start};
		break;
	case STATEMENT_WRITE:
	case STATEMENT_REPLACE:
		read_write(text, token, out);
		break;
	case STATEMENT_SCHEMA:
		second = token_next(text, &token);
		if (token_is(text, &token, "drop") && token_is(text, &second, "table"))
			out->kind = STATEMENT_DROP_TABLE;
		break;
	default:
		break;
	}
}

/* Does [EXPLAIN [QUERY PLAN]] CREATE [TEMP] TRIGGER begin at *token? */
static bool begins_trigger(const struct sql_text *text, struct token token)
{
	if (token_is(text, &token, "explain")) {
		token = token_next(text, &token);
		if (token_is(text, &token, "query")) {
			token = token_next(text, &token);
			token = token_next(text, &token);
		}
	}
	if (!token_is(text, &token, "create"))
		return false;
	token = token_next(text, &token);
	if (token_is(text, &token, "temp") || token_is(text, &token, "temporary"))
		token = token_next(text, &token);
	return token_is(text, &token, "trigger");
}

size_t statement_find_end(const struct sql_text *text, const struct statement *statement)
{
	struct token token = token_find(text, statement->start);
	bool in_trigger = begins_trigger(text, token);

	for (;;) {
		while (!token_ends_statement(&token))
			token = token_next(text, &token);
		if (token.kind == TOKEN_END || !in_trigger)
			return token.span.end;
		/* No statement in a trigger's body begins with END. */
		token = token_next(text, &token);
		in_trigger = !token_is(text, &token, "end");
	}
}

/* A span's characters as SQLite takes them, one a call. */
struct span_reader {
	const struct sql_text *text;
	size_t at, end;
	unsigned quote; /* closing quote, or 0 */
};

static struct span_reader span_reader_begin(const struct sql_text *text, struct span span)
{
	struct span_reader reader = {text, span.start, span.end, 0};
	unsigned unit = unit_at(text, span.start);

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

/* The next code point (a byte of UTF-8 counts as one), or 0 behind the last. */
static unsigned span_reader_next(struct span_reader *reader)
{
	unsigned unit, low;
	size_t at = reader->at;

	if (at >= reader->end)
		return 0;
	unit = unit_at(reader->text, at);
	reader->at = behind(reader->text, at);
	if (reader->at - at == 2) {
		low = unit_at(reader->text, at + 1);
		return 0x10000 + ((unit & 0x3ff) << 10) + (low & 0x3ff);
	}
	if (unit == reader->quote)
		reader->at++;
	if (unit == '-' && reader->quote == 0)
		reader->at = token_find(reader->text, at + 1).span.start;
	return unit;
}

bool span_is(const struct sql_text *text, struct span span, const char *word)
{
	struct span_reader reader = span_reader_begin(text, span);
	unsigned unit;

	for (; (unit = span_reader_next(&reader)) != 0; word++) {
		if (fold(unit) != fold((unsigned char)*word))
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
	struct span_reader reader = span_reader_begin(text, span);
	size_t length = 0, bytes, i;
	char encoded[4];
	unsigned point;

	while ((point = span_reader_next(&reader)) != 0) {
		encoded[0] = (char)point;
		bytes = text->wide ? encode_utf8(point, encoded) : 1;
		for (i = 0; i < bytes; i++, length++) {
			if (length + 1 < size)
				out[length] = encoded[i];
		}
	}
	if (size > 0)
		out[length < size ? length : size - 1] = '\0';
	return length;
}

/* Appends units of the text, in native byte order; returns the place behind them. */
static char *append_text(char *out, const struct sql_text *text, size_t from, size_t end)
{
	uint16_t unit;

	if (!text->wide) {
		memcpy(out, (const char *)text->units + from, end - from);
		return out + (end - from);
	}
	for (; from < end; from++, out += sizeof(unit)) {
		unit = (uint16_t)unit_at(text, from);
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

void *statement_rewrite(const struct sql_text *text, const struct statement *statement, size_t from, struct span place,
			const char *words, size_t *bytes)
{
	size_t end = statement_find_end(text, statement), replaced = place.end - place.start;
	size_t added = strlen(words), blanks = replaced > added ? replaced - added : 0;
	size_t unit_size = text->wide ? sizeof(uint16_t) : 1, units;
	char *rewritten, *out;

	if (blanks == 0 && place.start > from && is_word_unit(unit_at(text, place.start - 1)))
		blanks = 1;
	units = end - from - replaced + blanks + added;
	if (units > (INT_MAX / unit_size) - 1)
		return NULL;
	rewritten = malloc((units + 1) * unit_size);
	if (rewritten == NULL)
		return NULL;
	out = append_text(rewritten, text, from, place.start);
	for (; blanks > 0; blanks--)
		out = append_unit(out, text->wide, ' ');
	for (; *words != '\0'; words++)
		out = append_unit(out, text->wide, (unsigned char)*words);
	out = append_text(out, text, place.end, end);
	append_unit(out, text->wide, 0);
	*bytes = units * unit_size;
	return rewritten;
}
