/* program.c - the lines of a program, and what stands in one. */
#include "program.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void program_add(struct program *program, const char *format, ...)
{
	va_list arguments;

	if (program->count == PROGRAM_LINES)
		return;
	va_start(arguments, format);
	vsnprintf(program->lines[program->count++], LINE_LENGTH, format, arguments);
	va_end(arguments);
}

bool program_load(struct program *program, const char *file)
{
	char text[LINE_LENGTH];
	FILE *from = strcmp(file, "-") == 0 ? stdin : fopen(file, "r");

	program->count = 0;
	if (!from)
		return false;
	while (fgets(text, sizeof(text), from)) {
		const char *start = text + strspn(text, " \t");

		text[strcspn(text, "\n")] = '\0';
		if (*start && *start != '#')
			program_add(program, "%s", start);
	}
	return fclose(from) == 0;
}

static const char *take_word(const char *from, char *word, size_t size)
{
	size_t length = strcspn(from, " ");

	snprintf(word, size, "%.*s", (int)length, from);
	from += length;
	return *from ? from + 1 : from;
}

struct line line_read(const char *text)
{
	static const char *const connected[] = {"open", "close", "exec", "run", "keep", "cursor", "dump"};
	static const char *const named[] = {"keep", "cursor", "step", "drop", "next", "end"};
	struct line line = {.rest = take_word(text, line.verb, sizeof(line.verb))};
	char letter[2] = "";

	for (size_t i = 0; i < sizeof(connected) / sizeof(*connected); i++) {
		if (strcmp(line.verb, connected[i]) == 0)
			line.rest = take_word(line.rest, letter, sizeof(letter));
	}
	line.connection = *letter;
	for (size_t i = 0; i < sizeof(named) / sizeof(*named); i++) {
		if (strcmp(line.verb, named[i]) == 0)
			line.rest = take_word(line.rest, line.name, sizeof(line.name));
	}
	if (strcmp(line.verb, "run") == 0 || strcmp(line.verb, "keep") == 0)
		line.rest = take_word(line.rest, line.api, sizeof(line.api));
	return line;
}
