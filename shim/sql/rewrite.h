/* rewrite.h - a statement with other words in one place. Pure text, as statement.h. */
#ifndef SQLPROD_SQL_REWRITE_H
#define SQLPROD_SQL_REWRITE_H

#include "sql/statement.h"

/* A place in a statement, and the ASCII words that are to stand there. */
struct rewrite {
	struct span place;
	char words[32];
};

/* The text from `from` to the statement's end, rewritten, in the same encoding (UTF-16 always in native byte order), terminated by
 * a NUL unit; the caller frees it. *bytes is its size without the NUL. The result is never shorter than the original (Tcl computes
 * lengths from sqlite3_sql): blanks fill up in front of the words. One blank keeps them off a letter before or behind them. NULL
 * when memory is out or the result would not fit an int. */
void *rewrite_make(const struct rewrite *rewrite, const struct sql_text *text, const struct statement *statement, size_t from,
		   size_t *bytes);

/* Frees a text of so many bytes that holds a statement; NULL is allowed. A statement can hold a key: nothing of it stays in memory
 * that nobody owns. */
void rewrite_discard(void *text, size_t bytes);

#endif
