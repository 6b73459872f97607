/* Fuzzes the text of settings: values, patterns and whole environments.
 *
 * The first byte chooses: below SETTING_COUNT the rest is a value of that setting; SETTING_COUNT, "patterns NUL name"; above, an
 * environment of NUL-separated entries. */
#include "base/settings.h"
#include "require.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENTRY_LIMIT 64

static bool value_is(const struct setting_value *a, const struct setting_value *b)
{
	return a->keep == b->keep && a->number == b->number && strcmp(a->text, b->text) == 0;
}

static void fuzz_value(const struct setting_spec *spec, const char *text)
{
	struct setting_value value, again;
	char *out = malloc(strlen(text) + 32);

	if (setting_parse(spec, text, &value)) {
		require(!value.keep || spec->may_keep, "keep only where it is allowed");
		if (spec->type == SETTING_NUMBER || spec->type == SETTING_SIZE || spec->type == SETTING_CACHE)
			require(value.keep || (value.number >= spec->least && value.number <= spec->greatest),
				"numbers are in range");
		setting_format(spec, &value, out, strlen(text) + 32);
		require(setting_parse(spec, out, &again) && value_is(&value, &again), "what is written is read back as the same");
		setting_format(spec, &value, out, 1);
		require(*out == '\0', "a value is cut to what there is room for");
	}
	free(out);
}

/* A list matches if one of its patterns does, alone. */
static void fuzz_patterns(char *patterns, const char *name)
{
	bool matched = settings_match(patterns, name), one = false;

	for (char *at = patterns, *comma; at; at = comma ? comma + 1 : NULL) {
		comma = strchr(at, ',');
		if (comma)
			*comma = '\0';
		one = one || settings_match(at, name);
	}
	require(matched == one, "a list matches if one of its patterns does");
}

static void message_check(const char *message)
{
	require(strlen(message) <= 511, "a message is at most 511 bytes");
	require(strncmp(message, "SQLPROD", 7) == 0, "a message starts with the variable");
	for (; *message; message++)
		require(*message >= ' ' && *message <= '~', "a message is printable ASCII");
}

static void fuzz_environment(char *text, size_t size)
{
	char *environment[ENTRY_LIMIT + 1];
	char formatted[64];
	size_t count = 0;

	for (size_t at = 0; at < size && count < ENTRY_LIMIT; at += strlen(text + at) + 1)
		environment[count++] = text + at;
	environment[count] = NULL;
	settings_load(environment, false);
	memset(text, 'x', size);
	settings_complain(message_check);
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const struct setting_value *value = settings_get((enum setting)i);

		require(value->by_operator || value_is(value, &settings_recipe[i]),
			"the recipe holds where the operator said nothing");
		require(!value->keep || settings_table[i].may_keep, "keep only where it is allowed");
		setting_format(&settings_table[i], value, formatted, sizeof(formatted));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size < 1)
		return 0;
	text = malloc(size);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	if (data[0] < SETTING_COUNT)
		fuzz_value(&settings_table[data[0]], text);
	else if (data[0] > SETTING_COUNT)
		fuzz_environment(text, size);
	else if (strlen(text) + 1 < size)
		fuzz_patterns(text, text + strlen(text) + 1);
	free(text);
	return 0;
}
