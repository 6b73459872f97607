/* shrink.c - see shrink.h. Halves first, then smaller parts, down to single lines. */
#include "shrink.h"

#include <string.h>

static void copy_without(struct program *to, const struct program *from, size_t start, size_t length)
{
	to->count = 0;
	for (size_t i = 0; i < from->count; i++) {
		if (i < start || i >= start + length)
			memcpy(to->lines[to->count++], from->lines[i], LINE_LENGTH);
	}
}

static bool still_fails(struct judge *judge, const struct program *program, const char *kind)
{
	judge_program(judge, program);
	return judge->finding.kind && strcmp(judge->finding.kind, kind) == 0;
}

static bool drop_parts(struct judge *judge, struct program *program, size_t length, const char *kind)
{
	static struct program smaller;
	bool dropped = false;

	for (size_t end = program->count; end > 0;) {
		size_t start = end > length ? end - length : 0;

		copy_without(&smaller, program, start, end - start);
		if (still_fails(judge, &smaller, kind)) {
			*program = smaller;
			dropped = true;
		}
		end = start;
	}
	return dropped;
}

void shrink(struct judge *judge, struct program *program)
{
	const char *kind = judge->finding.kind;
	bool dropped = true;

	program->count = judge->finding.line < program->count ? judge->finding.line + 1 : program->count;
	if (!still_fails(judge, program, kind))
		return;
	for (size_t length = program->count / 2; length > 1; length /= 2)
		drop_parts(judge, program, length, kind);
	while (dropped)
		dropped = drop_parts(judge, program, 1, kind);
	still_fails(judge, program, kind);
}
