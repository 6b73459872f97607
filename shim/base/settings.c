/* settings.c - the environment, read once.
 *
 * settings_load runs in every process under the preload, most of which have nothing to do with SQLite: an environment without
 * SQLPROD costs one pass over it, leaves the recipe's static data in force, and writes to no page of its own. */
#include "base/settings.h"

#include "base/glibc.h"
#include "base/library.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#define PRELOAD "LD_PRELOAD="
#define COMPLAINT_LIMIT 24
#define SHOWN_LENGTH 80 /* of a value or name in a message, escapes counted */

#define BESIDE __attribute__((section(".data")))

const struct setting_value *_Atomic settings_in_force = SETTINGS_NOT_LOADED;
static struct setting_value chosen[SETTING_COUNT]; /* the recipe with the operator's values in it, if there are any */
static char *texts;                                /* chosen[].text points into this */
static char complaints[COMPLAINT_LIMIT][512];
static size_t complaint_count;
static bool machine_wide = true; /* not zero, so that it lies in .data as well */

/* Writes text for a terminal: printable ASCII as it is, the rest as \xNN, cut at SHOWN_LENGTH. */
static const char *text_show(const char *text, size_t length, char out[static SHOWN_LENGTH + 4])
{
	size_t used = 0;

	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];
		bool plain = c >= ' ' && c <= '~' && c != '"' && c != '\\';

		if (used + (plain ? 1 : 4) > SHOWN_LENGTH) {
			memcpy(out + used, "...", 4);
			return out;
		}
		used += (size_t)sprintf(out + used, plain ? "%c" : "\\x%02x", c);
	}
	out[used] = '\0';
	return out;
}

/* Records a complaint. The array is bounded: only the first COMPLAINT_LIMIT are kept. */
static void __attribute__((format(printf, 1, 2))) complain(const char *format, ...)
{
	va_list arguments;

	if (complaint_count == COMPLAINT_LIMIT)
		return;
	va_start(arguments, format);
	vsnprintf(complaints[complaint_count++], sizeof(complaints[0]), format, arguments);
	va_end(arguments);
}

static void unknown_complain(const char *variable, size_t length)
{
	char shown[SHOWN_LENGTH + 4];
	const char *near = settings_variable_near(variable + sizeof(SETTINGS_PREFIX), length - sizeof(SETTINGS_PREFIX));

	complain("%s is not a setting and has no effect%s%s%s", text_show(variable, length, shown), near ? " (did you mean " : "",
		 near ? near : "", near ? "?)" : "");
}

/* Complains of patterns that can match nothing. The list is kept as it is: the others in it count. */
static void patterns_complain(const struct setting_spec *spec, const char *patterns)
{
	char shown[SHOWN_LENGTH + 4];
	const char *pattern, *flaw;
	size_t length;

	if (!patterns[strspn(patterns, ", \t\r\n")])
		complain("%s=\"%s\" has no pattern in it, and matches nothing", spec->variable,
			 text_show(patterns, strlen(patterns), shown));
	while ((flaw = settings_pattern_flaw(&patterns, &pattern, &length)) != NULL)
		complain("%s: \"%s\" can match nothing: %s", spec->variable, text_show(pattern, length, shown), flaw);
}

/* Takes one value of the operator. free_text points to memory for a copy of the text; NULL if memory is out. Returns the first byte
 * after the copy. */
static char *value_take(enum setting setting, const char *text, char *free_text)
{
	const struct setting_spec *spec = &settings_table[setting];
	struct setting_value value;

	if (!setting_parse(spec, text, &value)) {
		char shown[SHOWN_LENGTH + 4];

		complain("%s=\"%s\" is not understood, %s stays in force (allowed: %s)", spec->variable,
			 text_show(text, strlen(text), shown), spec->recipe, spec->allowed);
		return free_text;
	}
	if (spec->type == SETTING_PATTERNS)
		patterns_complain(spec, text);
	if (value.text == text) {
		if (!free_text) {
			complain("no memory to keep %s, its default stays in force", spec->variable);
			return NULL;
		}
		value.text = strcpy(free_text, text);
		free_text += strlen(text) + 1;
	}
	value.by_operator = true;
	chosen[setting] = value;
	return free_text;
}

/* The setting of this variable; SETTING_COUNT if there is none. */
static enum setting setting_of_variable(const char *variable, size_t length)
{
	size_t setting = 0;

	while (setting < SETTING_COUNT &&
	       (strncmp(settings_table[setting].variable, variable, length) != 0 || settings_table[setting].variable[length]))
		setting++;
	return (enum setting)setting;
}

/* Compares with constants in the code: reading the name's string, or calling strncmp(), would touch another page in every process.
 */
static inline __attribute__((always_inline)) bool begins_with(const char *entry, const char *name, size_t length)
{
#pragma GCC unroll 16
	for (size_t i = 0; i < length; i++)
		if (entry[i] != name[i])
			return false;
	return true;
}

static bool is_ours(const char *entry)
{
	return begins_with(entry, SETTINGS_PREFIX, sizeof(SETTINGS_PREFIX) - 1);
}

static bool is_preload(const char *entry)
{
	return begins_with(entry, PRELOAD, sizeof(PRELOAD) - 1);
}

/* Reads our variables; environment points to the first of them. */
static void environment_read(char *const *environment)
{
	bool seen[SETTING_COUNT] = {false};
	size_t size = 0;
	char *free_text;

	for (char *const *entry = environment; *entry; entry++)
		size += is_ours(*entry) ? strlen(*entry) + 1 : 0;
	texts = free_text = malloc(size);
	memcpy(chosen, settings_recipe, sizeof(chosen));

	for (char *const *entry = environment; *entry; entry++) {
		const char *equals = is_ours(*entry) ? strchr(*entry, '=') : NULL;
		enum setting setting;

		if (!equals || !equals[1])
			continue;
		setting = setting_of_variable(*entry, (size_t)(equals - *entry));
		if (setting == SETTING_COUNT) {
			if ((*entry)[sizeof(SETTINGS_PREFIX) - 1] == '_')
				unknown_complain(*entry, (size_t)(equals - *entry));
		} else if (!seen[setting]) {
			/* the first one counts, as for getenv */
			seen[setting] = true;
			free_text = value_take(setting, equals + 1, free_text);
		}
	}
	settings_in_force = chosen;
}

/* The user who starts a setuid program is not its operator and must not control it, so the environment is ignored. */
static void pass_through(void)
{
	memcpy(chosen, settings_recipe, sizeof(chosen));
	chosen[SETTING_ENABLED].number = SWITCH_OFF;
	chosen[SETTING_LOG_LEVEL].number = LOG_OFF;
	settings_in_force = chosen;
}

static void forget(void)
{
	complaint_count = 0;
	machine_wide = true;
	free(texts);
	texts = NULL;
}

void settings_load(char *const *environment, bool privileged)
{
	if (__builtin_expect(settings_in_force == chosen || !machine_wide, 0))
		forget();
	settings_in_force = settings_recipe;
	if (__builtin_expect(privileged, 0)) {
		pass_through();
		return;
	}
	for (; environment && *environment; environment++) {
		if (is_preload(*environment))
			machine_wide = false;
		if (is_ours(*environment)) {
			machine_wide = false;
			environment_read(environment);
			break;
		}
	}
}

bool settings_is_machine_wide(void)
{
	(void)settings_get(SETTING_ENABLED);
	return machine_wide;
}

static void load_from_process(void)
{
	/* another copy of the library serves the process: this one is to do nothing */
	settings_load(environ, library_is_second() || getauxval(AT_SECURE) != 0);
}

void settings_start(void)
{
	static pthread_once_t once BESIDE = PTHREAD_ONCE_INIT;

	glibc_once(&once, load_from_process);
}

void settings_complain(void (*warn)(const char *message))
{
	for (size_t i = 0; i < complaint_count; i++)
		warn(complaints[i]);
}
