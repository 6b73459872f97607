/* rewrite.h - makes a statement with other words at one place. Pure text, as statement.h. */
#ifndef SQLPROD_SQL_REWRITE_H
#define SQLPROD_SQL_REWRITE_H

#include "sql/statement.h"

/* A place in a statement, and the ASCII words to put there. */
struct rewrite {
	struct span place;
	char words[32];
};

/* That part of the text, a statement with what is before it, rewritten, in the same encoding (UTF-16 always in native byte order),
 * terminated by a NUL unit; the caller frees it. *bytes is its size without the NUL. The result is never shorter than the original
 * (Tcl computes lengths from sqlite3_sql): it is padded by blanks before the words. A blank separates the words from a letter
 * before or after them. NULL when memory is out or the size would not fit an int. */
void *rewrite_make(const struct rewrite *rewrite, const struct sql_text *text, struct span part, size_t *bytes);

/* Overwrites and frees a statement's text of this many bytes; NULL is allowed. A statement can hold an encryption key, which must
 * not stay in freed memory. */
void rewrite_discard(void *text, size_t bytes);

#endif
