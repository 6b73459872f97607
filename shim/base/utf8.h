/* utf8.h - what may be shown of bytes that somebody else chose. Pure. */
#ifndef SQLPROD_BASE_UTF8_H
#define SQLPROD_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The length of the UTF-8 sequence at s, which a NUL ends; 0 if it is not one (RFC 3629: no overlong forms, no surrogates). */
size_t utf8_length(const unsigned char *s);

/* Would a terminal obey this sequence of that length, or lay out others by it, instead of showing it? (C0 and C1 controls, line
 * separators, marks that turn the direction of text.) */
bool utf8_is_control(const unsigned char *s, size_t length);

/* Puts question marks for the text's controls and for what is no UTF-8; its length stays. */
void utf8_neutralise(char *text);

#endif
