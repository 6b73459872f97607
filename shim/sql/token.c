/* token.c - splits SQL text into tokens by SQLite's own rules (its src/tokenize.c).
 *
 * Never reads past the text's length, whatever the text. If SQLite rejects a token, only the token's start is the same as
 * SQLite's. */
#include "sql/token.h"

static bool is_hex_digit(unsigned unit)
{
	return unit_is_digit(unit) || unit_fold(unit) - 'a' < 6u;
}

/* SQLite takes the vertical tab for a blank only after another blank. */
static bool is_blank(unsigned unit)
{
	return unit == ' ' || unit - '\t' < 5u;
}

static size_t skip_digits(const struct sql_text *text, size_t at)
{
	while (unit_is_digit(unit_get(text, at)))
		at++;
	return at;
}

static size_t skip_word(const struct sql_text *text, size_t at)
{
	const unsigned char *bytes = text->units;
	unsigned unit;

	if (!text->wide) {
		while (at < text->length && unit_is_word(bytes[at]))
			at++;
		return at;
	}
	while (unit_is_word(unit = unit_get(text, at)))
		at = unit < 0x80 ? at + 1 : unit_next(text, at);
	return at;
}

static size_t skip_line_comment(const struct sql_text *text, size_t at)
{
	unsigned unit;

	while ((unit = unit_get(text, at)) != 0 && unit != '\n')
		at = unit_next(text, at);
	return at;
}

/* A comment that is not closed extends to the end of the text. */
static size_t skip_block_comment(const struct sql_text *text, size_t at)
{
	unsigned unit;

	for (at += 2; (unit = unit_get(text, at)) != 0; at = unit_next(text, at)) {
		if (unit == '*' && unit_get(text, at + 1) == '/')
			return at + 2;
	}
	return at;
}

/* Starts at the opening quote. A doubled quote is part of the text, but a bracket cannot be doubled. */
static enum token_kind scan_quoted(const struct sql_text *text, size_t *at)
{
	unsigned open = unit_get(text, *at), close = open == '[' ? ']' : open, unit;

	for (++*at; (unit = unit_get(text, *at)) != 0; *at = unit_next(text, *at)) {
		if (unit != close)
			continue;
		++*at;
		if (open == '[' || unit_get(text, *at) != close)
			return open == '\'' ? TOKEN_STRING : TOKEN_NAME;
	}
	return TOKEN_OTHER;
}

static enum token_kind scan_number(const struct sql_text *text, size_t *at)
{
	size_t end;

	if (unit_get(text, *at) == '0' && unit_fold(unit_get(text, *at + 1)) == 'x' && is_hex_digit(unit_get(text, *at + 2))) {
		for (*at += 3; is_hex_digit(unit_get(text, *at));)
			++*at;
		return TOKEN_NUMBER;
	}
	*at = skip_digits(text, *at);
	if (unit_get(text, *at) == '.')
		*at = skip_digits(text, *at + 1);
	if (unit_fold(unit_get(text, *at)) == 'e') {
		end = *at + 1;
		end += unit_get(text, end) == '+' || unit_get(text, end) == '-';
		if (unit_is_digit(unit_get(text, end)))
			*at = skip_digits(text, end);
	}
	end = *at;
	*at = skip_word(text, end);
	return *at == end ? TOKEN_NUMBER : TOKEN_OTHER;
}

/* $name, @name, :name, #name, and Tcl's $space::name(index), whose index may hold anything but blanks and a parenthesis. */
static enum token_kind scan_variable(const struct sql_text *text, size_t *at)
{
	bool named = false;
	unsigned unit;

	for (++*at; (unit = unit_get(text, *at)) != 0;) {
		if (unit_is_word(unit)) {
			named = true;
			*at = unit_next(text, *at);
		} else if (unit == ':' && unit_get(text, *at + 1) == ':') {
			*at += 2;
		} else {
			break;
		}
	}
	if (unit != '(' || !named)
		return TOKEN_OTHER;
	for (++*at; (unit = unit_get(text, *at)) != 0 && unit != ')' && !is_blank(unit);)
		*at = unit_next(text, *at);
	*at += unit == ')';
	return TOKEN_OTHER;
}

/* The length in units of a byte order mark at that position; 0 if there is none. */
static size_t measure_mark(const struct sql_text *text, size_t at)
{
	if (text->wide)
		return unit_get(text, at) == 0xfeff;
	return unit_get(text, at) == 0xef && unit_get(text, at + 1) == 0xbb && unit_get(text, at + 2) == 0xbf ? 3 : 0;
}

/* A blob, x'00', is scanned as a word and a string, which end where the blob ends: no statement that matters here holds one. */
static enum token_kind scan_word(const struct sql_text *text, size_t *at)
{
	size_t mark = unit_get(text, *at) >= 0x80 ? measure_mark(text, *at) : 0;

	/* SQLite takes a byte order mark between tokens for a blank; inside a word it is a letter */
	if (mark > 0) {
		*at += mark;
		return TOKEN_BLANK;
	}
	*at = skip_word(text, *at);
	return TOKEN_WORD;
}

static enum token_kind scan_punctuation(const struct sql_text *text, size_t *at)
{
	switch (unit_get(text, (*at)++)) {
	case ';':
		return TOKEN_SEMICOLON;
	case '(':
		return TOKEN_OPEN;
	case ')':
		return TOKEN_CLOSE;
	case ',':
		return TOKEN_COMMA;
	case '.':
		return TOKEN_DOT;
	case '+':
	case '-':
		return TOKEN_SIGN;
	case '=':
		*at += unit_get(text, *at) == '=';
		return TOKEN_EQUAL;
	default:
		return TOKEN_OTHER;
	}
}

/* Moves *at past the token that begins there. */
static enum token_kind scan(const struct sql_text *text, size_t *at)
{
	unsigned unit = unit_get(text, *at), second;

	if (unit_is_digit(unit))
		return scan_number(text, at);
	if (unit_is_word(unit) && unit != '$')
		return scan_word(text, at);
	second = unit_get(text, *at + 1);
	switch (unit) {
	case 0:
		return TOKEN_END;
	case ' ':
	case '\t':
	case '\n':
	case '\f':
	case '\r':
		while (is_blank(unit_get(text, *at)))
			++*at;
		return TOKEN_BLANK;
	case '\'':
	case '"':
	case '`':
	case '[':
		return scan_quoted(text, at);
	case '?':
		*at = skip_digits(text, *at + 1);
		return TOKEN_OTHER;
	case '$':
	case '@':
	case ':':
	case '#':
		return scan_variable(text, at);
	case '-':
		if (second != '-')
			break;
		*at = skip_line_comment(text, *at);
		return TOKEN_BLANK;
	case '/':
		if (second != '*' || unit_get(text, *at + 2) == 0)
			break;
		*at = skip_block_comment(text, *at);
		return TOKEN_BLANK;
	case '.':
		if (unit_is_digit(second))
			return scan_number(text, at);
		break;
	default:
		break;
	}
	return scan_punctuation(text, at);
}

struct token token_find(const struct sql_text *text, size_t at)
{
	struct token token;

	do {
		token.span.start = at;
		token.kind = scan(text, &at);
	} while (token.kind == TOKEN_BLANK);
	token.span.end = at;
	return token;
}

uint64_t token_word(const struct sql_text *text, struct token token)
{
	const unsigned char *bytes = text->units;
	size_t at = token.span.end;
	uint64_t word = 0;
	unsigned unit;

	if (token.kind != TOKEN_WORD || at - token.span.start > sizeof(word))
		return 0;
	while (at-- > token.span.start) {
		unit = unit_fold(text->wide ? unit_get(text, at) : bytes[at]);
		if (unit >= 0x80)
			return 0;
		word = word << 8 | unit;
	}
	return word;
}

bool token_is(const struct sql_text *text, struct token token, const char *word)
{
	size_t at;

	if (token.kind != TOKEN_WORD)
		return false;
	for (at = token.span.start; at < token.span.end && *word != '\0'; at++, word++) {
		if (unit_fold(unit_get(text, at)) != (unsigned char)*word)
			return false;
	}
	return at == token.span.end && *word == '\0';
}
