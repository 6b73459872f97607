/* victim_text.h - SQL text placed so that reading one unit too many is a crash, not luck. */
#ifndef VICTIM_TEXT_H
#define VICTIM_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct text {
	void *units;   /* ends where an unreadable page begins */
	size_t length; /* in bytes, without the NUL */
	void *pages;
	size_t size;
};

/* The text of a line with its escapes decoded, as UTF-8 or as UTF-16 in this machine's order, with or without a NUL at its end. */
struct text text_place(const char *line, bool wide, bool terminated);

/* After this the text is not readable either: a pointer into it that was kept faults. */
void text_remove(struct text *text);

#endif
