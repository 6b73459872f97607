/* utf8.h - makes bytes from outside (paths, names) safe to print. Pure. */
#ifndef SQLPROD_BASE_UTF8_H
#define SQLPROD_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The length of the UTF-8 sequence at s, a NUL-terminated text; 0 if there is none (RFC 3629: no overlong forms, no surrogates). */
size_t utf8_length(const unsigned char *s);

/* Is this sequence a control that a terminal would obey instead of showing it? (C0 and C1 controls, line separators, marks that
 * change the direction of text.) */
bool utf8_is_control(const unsigned char *s, size_t length);

/* Replaces controls and bytes that are not UTF-8 by question marks; the length stays the same. */
void utf8_neutralise(char *text);

#endif
