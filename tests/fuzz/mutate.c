/* Mutations of SQL text token by token: bytes alone would hardly ever make a statement that SQLite accepts. */
#include "sql/token.h"

#include <stdlib.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

/* The dictionary, made into C by the Makefile. */
static const char *const words[] = {
#include "statement_words.h"
};

/* Any of these may be between any two tokens. */
static const char *const blanks[] = {" ",     "\t",    "\n",    "\f",     "\r", " \v",          "/**/",     "/*;*/",
				     "/*'*/", "/***/", "--;\n", "--\"\n", "  ", "\xef\xbb\xbf", "/*\xd8*/", "--\xd1\n"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static unsigned state;

static unsigned draw(unsigned below)
{
	state = state * 1103515245u + 12345u;
	return (state >> 8) % below;
}

/* A token of the text, picked at random. */
static struct span pick(const struct sql_text *text)
{
	struct token token = token_find(text, 0), next;
	unsigned count = 0, wanted;

	for (next = token; next.kind != TOKEN_END; next = token_next(text, next))
		count++;
	for (wanted = draw(count + 1); wanted > 0; wanted--)
		token = token_next(text, token);
	return token.span;
}

/* Puts new bytes at the place of old ones, if they fit. */
static size_t splice(uint8_t *data, size_t size, size_t max_size, struct span place, const void *bytes, size_t count)
{
	if (size - (place.end - place.start) + count > max_size)
		return size;
	memmove(data + place.start + count, data + place.end, size - place.end);
	memcpy(data + place.start, bytes, count);
	return size - (place.end - place.start) + count;
}

static size_t change_case(uint8_t *data, size_t size, struct span place)
{
	size_t at;

	for (at = place.start; at < place.end; at++) {
		if (unit_fold(data[at] | 0x20u) - 'a' < 26u && draw(2) == 0)
			data[at] ^= 0x20;
	}
	return size;
}

static size_t quote(uint8_t *data, size_t size, size_t max_size, struct span place)
{
	static const char open[] = "'\"`[", close[] = "'\"`]";
	unsigned kind = draw(4);

	size = splice(data, size, max_size, (struct span){place.end, place.end}, close + kind, 1);
	return splice(data, size, max_size, (struct span){place.start, place.start}, open + kind, 1);
}

static size_t mutate_token(uint8_t *data, size_t size, size_t max_size)
{
	struct sql_text text = {.units = data, .length = size};
	struct span place = pick(&text), other = pick(&text);
	const char *word = words[draw(COUNT(words))], *blank = blanks[draw(COUNT(blanks))];
	uint8_t copy[256];
	size_t length = other.end - other.start < sizeof(copy) ? other.end - other.start : sizeof(copy);

	memcpy(copy, data + other.start, length);
	switch (draw(8)) {
	case 0:
		return splice(data, size, max_size, place, word, strlen(word));
	case 1:
		size = splice(data, size, max_size, (struct span){place.start, place.start}, " ", 1);
		return splice(data, size, max_size, (struct span){place.start, place.start}, word, strlen(word));
	case 2:
		return splice(data, size, max_size, place, "", 0);
	case 3:
		return splice(data, size, max_size, place, copy, length);
	case 4:
		return change_case(data, size, place);
	case 5:
		return quote(data, size, max_size, place);
	default:
		return splice(data, size, max_size, (struct span){place.start, place.start}, blank, strlen(blank));
	}
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	unsigned times;

	state = seed;
	if (draw(4) == 0)
		return LLVMFuzzerMutate(data, size, max_size);
	for (times = 1 + draw(4); times > 0; times--)
		size = mutate_token(data, size, max_size);
	return size;
}
