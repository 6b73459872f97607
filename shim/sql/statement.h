/* statement.h - classifies SQL statements.
 *
 * Pure text: no SQLite call, no state. Positions are code units of the text (bytes, or 16-bit units), never characters. The reader
 * follows SQLite's own tokenizer (sqlite.org/lang.html; src/tokenize.c); tests/fuzz compares the two. */
#ifndef SQLPROD_SQL_STATEMENT_H
#define SQLPROD_SQL_STATEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sql_text {
	const void *units;
	size_t length; /* in units, up to where SQLite would read, without a terminating NUL */
	bool wide;     /* UTF-16 */
	bool swapped;  /* UTF-16 in the other byte order, announced by a byte order mark */
};

struct span {
	size_t start, end;
};

enum statement_kind {
	STATEMENT_EMPTY, /* only blanks, comments and semicolons up to the end of the text */
	STATEMENT_BEGIN,
	STATEMENT_PRAGMA, /* well formed up to its end */
	STATEMENT_DROP_TABLE,
	STATEMENT_REPLACE, /* REPLACE, INSERT OR REPLACE, UPDATE OR REPLACE, also after WITH */
	STATEMENT_WRITE,   /* any other INSERT, UPDATE or DELETE, also after WITH */
	STATEMENT_ALTER,
	STATEMENT_INDEX,  /* CREATE INDEX, CREATE UNIQUE INDEX, REINDEX */
	STATEMENT_SCHEMA, /* every other CREATE and DROP, ANALYZE */
	STATEMENT_READ,   /* SELECT, VALUES, WITH … SELECT */
	STATEMENT_EXPLAIN,
	STATEMENT_ATTACH,
	STATEMENT_VACUUM,
	STATEMENT_SAVEPOINT, /* well formed up to its end */
	STATEMENT_OTHER,     /* COMMIT, ROLLBACK, RELEASE, DETACH, …, and syntax errors */
};

enum begin_form {
	BEGIN_PLAIN,    /* BEGIN, BEGIN TRANSACTION, BEGIN TRANSACTION name */
	BEGIN_DEFERRED, /* BEGIN DEFERRED … */
	BEGIN_OTHER,    /* IMMEDIATE, EXCLUSIVE, CONCURRENT, or not well formed; never rewritten */
};

enum write_verb {
	WRITE_OTHER,
	WRITE_INSERT, /* REPLACE too */
	WRITE_UPDATE,
	WRITE_DELETE,
};

struct statement {
	enum statement_kind kind;
	size_t start; /* its first token */
	size_t end;   /* what statement_find_end() returns, if reading showed it: BEGIN that may be rewritten, PRAGMA; else 0 */

	enum begin_form begin;
	struct span mode; /* BEGIN: the word DEFERRED, or the empty place after the word BEGIN */

	struct span schema, name, value; /* PRAGMA: each empty if absent; value includes a sign and quotes */
	bool has_value;

	enum write_verb verb; /* of STATEMENT_WRITE and STATEMENT_REPLACE */
};

/* What sqlite3_prepare*(sql, bytes) would read: up to bytes (negative: unlimited) or the first NUL, whichever comes first. */
struct sql_text sql_text_utf8(const char *sql, int bytes);
struct sql_text sql_text_utf16(const void *sql, int bytes);

/* Classifies the first statement at or after `from`. Leading empty statements are skipped, as SQLite does. Reads no more tokens
 * than it needs: a long INSERT costs no more than a short one. */
void statement_read(const struct sql_text *text, size_t from, struct statement *out);

/* The same of a whole text in UTF-8, such as sqlite3_sql() returns. */
void statement_read_utf8(const char *sql, struct statement *out);

/* Where SQLite's pzTail would point if SQLite accepts the statement: after its semicolon, or at the end of the text. After a byte
 * order mark SQLite's own pzTail is one unit short; this position is right. */
size_t statement_find_end(const struct sql_text *text, const struct statement *statement);

/* Is the span this word, without quotes, compared as SQLite compares names (ASCII letters fold)? */
bool span_is(const struct sql_text *text, struct span span, const char *word);

/* Copies the span in UTF-8 as SQLite would read it, without quotes, a plus sign, or blanks after a sign; cut to size - 1 bytes and
 * terminated. Returns the length before cutting. */
size_t span_copy(const struct sql_text *text, struct span span, char *out, size_t size);

#endif
