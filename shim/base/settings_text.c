/* settings_text.c - parses and formats values of settings, and guesses misspelt names. */
#include "base/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ASCII only: strcasecmp depends on the program's locale, and in Turkish the lower case of I is not i. */
static int fold(char c)
{
	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : (unsigned char)c;
}

static bool word_is(const char *text, const char *word)
{
	while (*text && fold(*text) == fold(*word)) {
		text++;
		word++;
	}
	return !*text && !*word;
}

/* Reads [-]digits; no blanks, no plus sign, no other base. Returns what follows; NULL if there is no number or it overflows. */
static const char *number_read(const char *text, long long *out)
{
	bool negative = *text == '-';
	const char *digit = text + negative;
	long long number = 0;

	if (*digit < '0' || *digit > '9')
		return NULL;
	for (; *digit >= '0' && *digit <= '9'; digit++) {
		if (__builtin_mul_overflow(number, 10, &number) || __builtin_sub_overflow(number, *digit - '0', &number))
			return NULL;
	}
	if (!negative && __builtin_sub_overflow(0, number, &number))
		return NULL;
	*out = number;
	return digit;
}

static bool number_parse(const struct setting_spec *spec, const char *text, long long *out)
{
	static const char suffixes[] = "kmg";
	long long number;
	const char *rest = number_read(text, &number);

	if (!rest)
		return false;
	if (*rest && spec->type != SETTING_NUMBER) {
		const char *suffix = strchr(suffixes, fold(*rest));

		if (!suffix || __builtin_mul_overflow(number, 1LL << (10 * (suffix - suffixes + 1)), &number))
			return false;
		if (spec->type == SETTING_CACHE) {
			if (number <= 0)
				return false;
			number = -(number / 1024);
		}
		rest++;
	}
	if (*rest || number < spec->least || number > spec->greatest)
		return false;
	*out = number;
	return true;
}

static bool type_is_number(enum setting_type type)
{
	return type == SETTING_NUMBER || type == SETTING_SIZE || type == SETTING_CACHE;
}

bool setting_parse(const struct setting_spec *spec, const char *text, struct setting_value *out)
{
	struct setting_value value = {.text = ""};

	if (spec->may_keep && word_is(text, "keep")) {
		value.keep = true;
	} else if (spec->type == SETTING_WORD) {
		const char(*words)[SETTING_WORD_SIZE] = settings_words[spec->words];

		while (*words[value.number] && !word_is(text, words[value.number]))
			value.number++;
		if (!*words[value.number])
			return false;
	} else if (type_is_number(spec->type)) {
		if (!number_parse(spec, text, &value.number))
			return false;
	} else {
		value.text = text;
	}
	*out = value;
	return true;
}

void setting_format(const struct setting_spec *spec, const struct setting_value *value, char *out, size_t size)
{
	if (value->keep)
		snprintf(out, size, "keep");
	else if (spec->type == SETTING_WORD)
		snprintf(out, size, "%s", settings_words[spec->words][value->number]);
	else if (type_is_number(spec->type))
		snprintf(out, size, "%lld", value->number);
	else
		snprintf(out, size, "%s", value->text);
}

/* The Levenshtein distance between a (length characters, at most 63) and b, ignoring case. */
static size_t edit_distance(const char *a, size_t length, const char *b)
{
	size_t row[64];

	for (size_t i = 0; i <= length; i++)
		row[i] = i;
	for (size_t j = 1; *b; b++, j++) {
		size_t diagonal = row[0];

		row[0] = j;
		for (size_t i = 1; i <= length; i++) {
			size_t best = diagonal + (fold(a[i - 1]) != fold(*b));

			diagonal = row[i];
			if (best > row[i] + 1)
				best = row[i] + 1;
			if (best > row[i - 1] + 1)
				best = row[i - 1] + 1;
			row[i] = best;
		}
	}
	return row[length];
}

const char *settings_variable_near(const char *name, size_t length)
{
	const char *nearest = NULL;
	size_t least = 64;

	for (size_t i = 0; length >= 3 && length < 64 && i < SETTING_COUNT; i++) {
		const char *known = settings_table[i].variable + sizeof(SETTINGS_PREFIX) - 1;
		size_t known_length, distance;
		bool part;

		if (*known++ != '_')
			continue;
		known_length = strlen(known);
		distance = edit_distance(name, length, known);
		part = memmem(known, known_length, name, length) ||
		       (length > known_length && name[known_length] == '_' && memcmp(name, known, known_length) == 0);
		if ((part || distance <= 2) && distance < least) {
			least = distance;
			nearest = settings_table[i].variable;
		}
	}
	return nearest;
}
