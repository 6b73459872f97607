/* mountinfo.c - reads the text of /proc/self/mountinfo. */
#include "fs/mountinfo.h"

#include <string.h>

struct field {
	const char *start, *end;
};

/* Reads the field that starts at *at, up to a blank or the line's end, and moves *at past the blank. False at the end of the
 * line. */
static bool field_next(const char **at, const char *line_end, struct field *out)
{
	const char *blank;

	if (*at >= line_end)
		return false;
	blank = memchr(*at, ' ', (size_t)(line_end - *at));
	out->start = *at;
	out->end = blank ? blank : line_end;
	*at = blank ? blank + 1 : line_end;
	return true;
}

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* Reads one byte of a field, in which the kernel writes blanks, newlines and backslashes as \ooo. */
static char field_byte(const char **at, const char *end)
{
	const char *text = *at;

	if (end - text >= 4 && text[0] == '\\' && is_octal(text[1]) && is_octal(text[2]) && is_octal(text[3])) {
		*at = text + 4;
		return (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0'));
	}
	*at = text + 1;
	return *text;
}

static void field_copy(struct field field, char *out, size_t size)
{
	size_t length = 0;

	while (field.start < field.end && length + 1 < size)
		out[length++] = field_byte(&field.start, field.end);
	out[length] = '\0';
}

/* The length of the mount point if path lies in it, compared by whole names (/database is not in /data); -1 if it does not. */
static long field_holds(struct field mount, const char *path)
{
	long length = 0;
	char last = '\0';

	while (mount.start < mount.end) {
		last = field_byte(&mount.start, mount.end);
		if (last == '\0' || path[length] != last)
			return -1;
		length++;
	}
	return length > 0 && (last == '/' || path[length] == '/' || path[length] == '\0') ? length : -1;
}

static bool field_number(const char **at, const char *end, unsigned *out)
{
	const char *start = *at;
	unsigned number = 0;

	while (*at < end && **at >= '0' && **at <= '9') {
		if (__builtin_mul_overflow(number, 10U, &number) || __builtin_add_overflow(number, (unsigned)(**at - '0'), &number))
			return false;
		++*at;
	}
	*out = number;
	return *at > start;
}

static bool field_is_device(struct field field, unsigned major, unsigned minor)
{
	unsigned found_major, found_minor;

	if (!field_number(&field.start, field.end, &found_major) || field.start == field.end || *field.start++ != ':')
		return false;
	return field_number(&field.start, field.end, &found_minor) && field.start == field.end && found_major == major &&
	       found_minor == minor;
}

/* A line has the fields: id parent major:minor root mount-point options [optional…] - type source options */
struct mount_line {
	struct field device, mount, type;
};

static bool mount_line_read(const char *line, const char *end, struct mount_line *out)
{
	struct field skipped;

	if (!field_next(&line, end, &skipped) || !field_next(&line, end, &skipped) || !field_next(&line, end, &out->device) ||
	    !field_next(&line, end, &skipped) || !field_next(&line, end, &out->mount) || !field_next(&line, end, &skipped))
		return false;
	do {
		if (!field_next(&line, end, &skipped))
			return false;
	} while (skipped.end - skipped.start != 1 || *skipped.start != '-');
	return field_next(&line, end, &out->type) && out->type.start < out->type.end;
}

bool mountinfo_find(const char *mountinfo, size_t length, unsigned major, unsigned minor, const char *path, struct storage *out)
{
	const char *end = mountinfo + length, *line_end;
	struct mount_line best = {{NULL, NULL}, {NULL, NULL}, {NULL, NULL}};
	bool best_device = false;
	long best_length = 0;

	while (mountinfo < end && (line_end = memchr(mountinfo, '\n', (size_t)(end - mountinfo)))) {
		struct mount_line line;

		if (mount_line_read(mountinfo, line_end, &line)) {
			bool device = field_is_device(line.device, major, minor);
			long holds = field_holds(line.mount, path);

			if (holds > 0 && (device > best_device || (device == best_device && holds >= best_length))) {
				best = line;
				best_device = device;
				best_length = holds;
			}
		}
		mountinfo = line_end + 1;
	}
	if (!best_length)
		return false;
	field_copy(best.mount, out->mount, sizeof(out->mount));
	field_copy(best.type, out->type, sizeof(out->type));
	out->kind = storage_type_is_shared(out->type) ? STORAGE_SHARED : STORAGE_LOCAL;
	return true;
}
