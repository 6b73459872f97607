/* patterns.c - matches names and paths against lists of shell patterns. */
#include "base/settings.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/* Takes the next pattern off the list: true, with its place and length; false at the end of the list. */
static bool pattern_next(const char **list, const char **pattern, size_t *length)
{
	static const char blanks[] = " \t\r\n";

	while (**list) {
		const char *end;

		*list += strspn(*list, blanks);
		*pattern = *list;
		*length = strcspn(*list, ",");
		end = *list + *length;
		*list = *end ? end + 1 : end;
		while (*length && strchr(blanks, (*pattern)[*length - 1]))
			(*length)--;
		if (*length)
			return true;
	}
	return false;
}

static bool list_match(const char *list, const char *text, bool (*matches)(const char *pattern, const char *text))
{
	const char *at;
	size_t length;
	bool matched = list[0] == '*' && !list[1];

	while (!matched && pattern_next(&list, &at, &length)) {
		char *pattern = strndup(at, length);

		matched = pattern && matches(pattern, text);
		free(pattern);
	}
	return matched;
}

static bool name_matches(const char *pattern, const char *name)
{
	return fnmatch(pattern, name, 0) == 0;
}

bool settings_match(const char *patterns, const char *name)
{
	return list_match(patterns, name, name_matches);
}

/* The end of path that has as many components as the pattern; NULL if path has fewer. */
static const char *end_of_path(const char *path, const char *pattern)
{
	const char *at = path + strlen(path);
	size_t slashes = 0;

	for (; *pattern; pattern++)
		slashes += *pattern == '/';
	while (at > path) {
		if (*--at == '/' && slashes-- == 0)
			return at + 1;
	}
	return NULL;
}

/* A pattern that goes through a symbolic link: SQLite and the kernel return paths without them. Its part without wildcards is
 * looked up, down to its last folder, from the working directory if it is relative: then a * stands for no slash. */
static bool linked_path_matches(const char *pattern, const char *path)
{
	size_t plain = strcspn(pattern, "*?[\\"), length;
	char *real = pattern[plain] ? NULL : realpath(pattern, NULL), *folder;
	bool matched = real && strcmp(real, path) == 0;

	free(real);
	while (plain && pattern[plain - 1] != '/')
		plain--;
	if (matched || plain < 2)
		return matched;
	folder = strndup(pattern, plain - 1);
	real = folder ? realpath(folder, NULL) : NULL;
	length = real ? strlen(real) : 0;
	matched = length > 1 && strncmp(path, real, length) == 0 && path[length] == '/' &&
		  fnmatch(pattern + plain, path + length + 1, *pattern == '/' ? 0 : FNM_PATHNAME) == 0;
	free(real);
	free(folder);
	return matched;
}

static bool path_matches(const char *pattern, const char *path)
{
	const char *end;

	while (pattern[0] == '.' && pattern[1] == '/')
		pattern += 2;
	if (fnmatch(pattern, path, 0) == 0)
		return true;
	end = *pattern == '/' ? NULL : end_of_path(path, pattern);
	return (end && fnmatch(pattern, end, 0) == 0) || linked_path_matches(pattern, path);
}

bool settings_match_path(const char *patterns, const char *path)
{
	return list_match(patterns, path, path_matches);
}

/* Does a component of the pattern, of which the first is left out, begin and end like this? */
static bool has_component(const char *pattern, size_t length, const char *component)
{
	size_t size = strlen(component);

	for (size_t i = 0; i + size <= length; i++) {
		if (i > 0 && pattern[i - 1] == '/' && memcmp(pattern + i, component, size) == 0 &&
		    (i + size == length || pattern[i + size] == '/'))
			return true;
	}
	return false;
}

static bool begins(const char *pattern, size_t length, const char *text)
{
	return length >= strlen(text) && memcmp(pattern, text, strlen(text)) == 0;
}

/* Why no path and no name can match; NULL if one can. */
static const char *pattern_flaw(const char *pattern, size_t length)
{
	if (begins(pattern, length, "file:") || begins(pattern, length, "sqlite:"))
		return "it is a URI: name the file";
	if (begins(pattern, length, ":memory:"))
		return "a database in memory has no name";
	if (begins(pattern, length, "~/"))
		return "~ is the shell's: write the folder out";
	if (pattern[length - 1] == '/')
		return "it names a folder: put a * after it";
	if (has_component(pattern, length, ""))
		return "no path has // in it";
	if (begins(pattern, length, "../") || has_component(pattern, length, "..") ||
	    (length == 2 && begins(pattern, length, "..")))
		return "no path has .. in it";
	if (has_component(pattern, length, ".") || (length == 1 && *pattern == '.'))
		return "no path has . as a folder in it";
	return NULL;
}

const char *settings_pattern_flaw(const char **patterns, const char **pattern, size_t *length)
{
	while (pattern_next(patterns, pattern, length)) {
		const char *flaw = pattern_flaw(*pattern, *length);

		if (flaw)
			return flaw;
	}
	return NULL;
}
