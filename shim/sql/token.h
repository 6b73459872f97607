/* token.h - splits SQL text into tokens by SQLite's own rules.
 *
 * For statement.c, span.c and rewrite.c. Positions are code units, as in statement.h. Pure. */
#ifndef SQLPROD_SQL_TOKEN_H
#define SQLPROD_SQL_TOKEN_H

#include "sql/statement.h"

#include <stdint.h>
#include <string.h>

enum token_kind {
	TOKEN_END,
	TOKEN_BLANK, /* blanks and comments, which token_find and token_next skip */
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
	TOKEN_OTHER, /* operators, variables, and what SQLite rejects */
};

struct token {
	enum token_kind kind;
	struct span span;
};

/* The first non-blank token at or after a position; TOKEN_END at the end of the text, however often it is called. */
struct token token_find(const struct sql_text *text, size_t at);

static inline struct token token_next(const struct sql_text *text, struct token token)
{
	return token_find(text, token.span.end);
}

/* The letters of a keyword or a bare name in lower case, the first one in the lowest byte. 0 if the token is none, has more than
 * eight letters, or has one that is not ASCII. */
uint64_t token_word(const struct sql_text *text, struct token token);

/* Is the token this keyword or bare name (given in lower case)? A quoted one is not. */
bool token_is(const struct sql_text *text, struct token token, const char *word);

/* The unit at a position; 0 past the end. UTF-16 text may lie at an odd address. */
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

/* The position after the character there. SQLite takes any unit after any surrogate for its other half, even a quote. */
static inline size_t unit_next(const struct sql_text *text, size_t at)
{
	if (text->wide && (unit_get(text, at) & 0xf800) == 0xd800 && at + 1 < text->length)
		return at + 2;
	return at + 1;
}

/* The lower case of an ASCII letter; any other unit unchanged. */
static inline unsigned unit_fold(unsigned unit)
{
	return unit - 'A' < 26u ? unit + 32 : unit;
}

static inline bool unit_is_digit(unsigned unit)
{
	return unit - '0' < 10u;
}

/* May the unit be part of a keyword, a bare name or the name of a variable? */
static inline bool unit_is_word(unsigned unit)
{
	/* Bits '$', '0' to '9'; 'A' to 'Z', '_'; 'a' to 'z'. */
	static const uint32_t words[4] = {0, 0x03ff0010, 0x87fffffe, 0x07fffffe};

	return unit >= 0x80 || (words[unit / 32] >> unit % 32 & 1) != 0;
}

static inline bool unit_is_word_at(const struct sql_text *text, size_t at)
{
	return unit_is_word(unit_get(text, at));
}

#endif
