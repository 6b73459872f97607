/* Fuzzes mountinfo_find, and compares it with a second reader that is written for plainness: it decodes whole fields, then
 * looks.
 *
 * The input: major, minor, path NUL mountinfo. */
#include "fs/mountinfo.h"
#include "require.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELD_LIMIT 8192

/* Decodes octal escapes in place. False if the result holds a NUL, which no path does. */
static bool decode(char *text)
{
	char *out = text;

	while (*text) {
		if (text[0] == '\\' && strspn(text + 1, "01234567") >= 3) {
			char digits[4] = {text[1], text[2], text[3], '\0'};

			*out = (char)strtol(digits, NULL, 8);
			text += 4;
		} else {
			*out = *text++;
		}
		if (!*out++)
			return false;
	}
	*out = '\0';
	return true;
}

static bool is_prefix(const char *mount, const char *path)
{
	size_t length = strlen(mount);

	if (!length || strncmp(mount, path, length) != 0)
		return false;
	return mount[length - 1] == '/' || path[length] == '/' || path[length] == '\0';
}

/* Splits a line at single blanks; returns the number of fields. */
static size_t fields_split(char *line, char *fields[FIELD_LIMIT])
{
	size_t count = 0;
	char *field;

	while (count < FIELD_LIMIT && (field = strsep(&line, " ")))
		fields[count++] = field;
	return count;
}

static bool device_is(const char *field, unsigned major, unsigned minor)
{
	static const char digits[] = "0123456789";
	const char *colon = field + strspn(field, digits), *end;

	if (colon == field || *colon != ':')
		return false;
	end = colon + 1 + strspn(colon + 1, digits);
	return end > colon + 1 && !*end && strtoull(field, NULL, 10) == major && strtoull(colon + 1, NULL, 10) == minor;
}

struct best {
	bool found, device;
	size_t length;
	char mount[512], type[64];
};

static void line_consider(char *line, unsigned major, unsigned minor, const char *path, struct best *best)
{
	char *fields[FIELD_LIMIT];
	size_t count = fields_split(line, fields), dash = 6;
	bool device;

	while (dash < count && strcmp(fields[dash], "-") != 0)
		dash++;
	if (dash + 1 >= count || !*fields[dash + 1] || !decode(fields[4]) || !is_prefix(fields[4], path))
		return;
	device = device_is(fields[2], major, minor);
	if (best->found && (best->device > device || (best->device == device && best->length > strlen(fields[4]))))
		return;
	best->found = true;
	best->device = device;
	best->length = strlen(fields[4]);
	decode(fields[dash + 1]);
	snprintf(best->mount, sizeof(best->mount), "%s", fields[4]);
	snprintf(best->type, sizeof(best->type), "%s", fields[dash + 1]);
}

static void compare(const char *mountinfo, size_t length, unsigned major, unsigned minor, const char *path, bool found,
		    const struct storage *out)
{
	struct best best = {.found = false};
	char *copy = strndup(mountinfo, length), *rest = copy, *newline;

	while ((newline = strchr(rest, '\n'))) {
		*newline = '\0';
		line_consider(rest, major, minor, path, &best);
		rest = newline + 1;
	}
	free(copy);
	require(found == best.found, "both readers find a mount, or neither does");
	require(!found || (strcmp(out->mount, best.mount) == 0 && strcmp(out->type, best.type) == 0), "both find the same");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct storage out, untouched;
	const char *path;
	char *mountinfo;
	size_t length;
	bool found;

	if (size < 3 || !memchr(data + 2, '\0', size - 2))
		return 0;
	path = (const char *)data + 2;
	length = size - 2 - strlen(path) - 1;
	mountinfo = malloc(length + !length);
	memcpy(mountinfo, path + strlen(path) + 1, length);
	memset(&out, 'x', sizeof(out));
	out.kind = STORAGE_SHARED;
	untouched = out;

	found = mountinfo_find(mountinfo, length, data[0], data[1], path, &out);
	if (!found) {
		require(memcmp(&out, &untouched, sizeof(out)) == 0, "nothing found, nothing touched");
	} else {
		require(memchr(out.mount, '\0', sizeof(out.mount)) && memchr(out.type, '\0', sizeof(out.type)),
			"names are terminated");
		require(strncmp(out.mount, path, strlen(out.mount)) == 0, "the mount point is a prefix of the path");
		require((out.kind == STORAGE_SHARED) == storage_type_is_shared(out.type), "shared as its type is");
	}
	/* The second reader splits with C's string functions. */
	if (length < FIELD_LIMIT && !memchr(mountinfo, '\0', length))
		compare(mountinfo, length, data[0], data[1], path, found, &out);
	free(mountinfo);
	return 0;
}
