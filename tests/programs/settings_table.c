/* settings_table.c - prints settings_table: "markdown" as docs/settings.md has it, "json" for tests. */
#include "base/settings.h"

#include <stdio.h>
#include <string.h>

static const char *recipe_text(const struct setting_spec *spec)
{
	if (spec->type == SETTING_PATTERNS && strcmp(spec->recipe, "*") == 0)
		return "all";
	return *spec->recipe ? spec->recipe : "none";
}

static void print_markdown(void)
{
	puts("| variable | recipe | values | meaning |");
	puts("|---|---|---|---|");
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const struct setting_spec *spec = &settings_table[i];

		printf("| %s | %s | %s | %s |\n", spec->variable, recipe_text(spec), spec->allowed, spec->meaning);
	}
}

static void print_string(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
	putchar('"');
}

static void print_pair(const char *name, const char *value, const char *suffix)
{
	print_string(name);
	fputs(": ", stdout);
	if (value)
		print_string(value);
	else
		fputs("null", stdout);
	fputs(suffix, stdout);
}

static void print_json(void)
{
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const struct setting_spec *spec = &settings_table[i];

		fputs(i ? ",\n {" : "[{", stdout);
		print_pair("variable", spec->variable, ", ");
		print_pair("pragma", *spec->pragma ? spec->pragma : NULL, ", ");
		print_pair("recipe", spec->recipe, ", ");
		print_pair("allowed", spec->allowed, ", ");
		print_pair("meaning", spec->meaning, ", ");
		fputs("\"words\": [", stdout);
		for (size_t word = 0; *settings_words[spec->words][word]; word++) {
			fputs(word ? ", " : "", stdout);
			print_string(settings_words[spec->words][word]);
		}
		printf("], \"may_keep\": %s}", spec->may_keep ? "true" : "false");
	}
	puts("]");
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "markdown") == 0)
		print_markdown();
	else if (argc == 2 && strcmp(argv[1], "json") == 0)
		print_json();
	else
		return fputs("usage: settings_table markdown|json\n", stderr), 2;
	return fflush(stdout) == 0 ? 0 : 1;
}
