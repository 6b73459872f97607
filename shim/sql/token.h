/* token.h - the tokens of SQL text, after SQLite's own rules.
 *
 * For the rooms that read SQL text (statement.c, span.c). Positions are code units, as in statement.h. Pure. */
#ifndef SQLPROD_SQL_TOKEN_H
#define SQLPROD_SQL_TOKEN_H

#include "sql/statement.h"

#include <stdint.h>
#include <string.h>

enum token_kind {
	TOKEN_END,
	TOKEN_BLANK, /* blanks and comments; token_find and token_next skip them */
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
	TOKEN_OTHER, /* operators, variables, and what SQLite refuses */
};

struct token {
	enum token_kind kind;
	struct span span;
};

/* The first token at or behind a position that is not blank. At the end of the text it is TOKEN_END, again and again. */
struct token token_find(const struct sql_text *text, size_t at);

static inline struct token token_next(const struct sql_text *text, struct token token)
{
	return token_find(text, token.span.end);
}

/* Is the token this bare word (given in lower case)? Quoted, it would be a name. */
bool token_is(const struct sql_text *text, struct token token, const char *word);

/* The unit at a position; 0 behind the end. Programs may hand in UTF-16 at odd addresses. */
static inline unsigned unit_get(const struct sql_text *text, size_t at)
{
	uint16_t unit;

	if (at >= text->length)
		return 0;
	if (!text->wide)
		return ((const unsigned char *)text->units)[at];
	memcpy(&unit, (const char *)text->units + 2 * at, sizeof(unit));
	return text->swapped ? __builtin_bswap16(unit) : unit;
}

/* The position behind the character there. SQLite takes any unit behind any surrogate for its other half, even a quote. */
static inline size_t unit_next(const struct sql_text *text, size_t at)
{
	if (text->wide && (unit_get(text, at) & 0xf800) == 0xd800 && at + 1 < text->length)
		return at + 2;
	return at + 1;
}

/* ASCII letters in lower case; everything else as it is. */
static inline unsigned unit_fold(unsigned unit)
{
	return unit - 'A' < 26u ? unit + 32 : unit;
}

static inline bool unit_is_digit(unsigned unit)
{
	return unit - '0' < 10u;
}

/* May the unit stand in a keyword, a bare name or the name of a variable? */
static inline bool unit_is_word(unsigned unit)
{
	/* Bits '$', '0' to '9'; 'A' to 'Z', '_'; 'a' to 'z'. */
	static const uint32_t words[4] = {0, 0x03ff0010, 0x87fffffe, 0x07fffffe};

	return unit >= 0x80 || (words[unit / 32] >> unit % 32 & 1) != 0;
}

#endif
