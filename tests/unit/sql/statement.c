/* Cases of the statement reader, each tried in every encoding and with every way to say where the text ends. */
#include "sql/first_words.h"
#include "sql/rewrite.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned passed, failed;

__attribute__((format(printf, 2, 3))) static void check(bool ok, const char *format, ...)
{
	va_list arguments;

	if (ok) {
		passed++;
		return;
	}
	failed++;
	fputs("FAILED: ", stdout);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
}

/* The ways a program hands in its text. */
enum form {
	UTF8_TERMINATED,
	UTF8_EXACT,
	UTF8_WITH_NUL,
	UTF8_BEYOND,
	UTF16_TERMINATED,
	UTF16_EXACT,
	UTF16_BEYOND,
	UTF16_SWAPPED,
	FORM_COUNT
};

static const char *const form_names[] = {"UTF-8",  "UTF-8 without NUL",  "UTF-8 with NUL",  "UTF-8 with text behind NUL",
					 "UTF-16", "UTF-16 without NUL", "UTF-16 with NUL", "UTF-16 swapped"};

/* Well-formed UTF-8 to UTF-16, with a NUL; returns the number of units without it. */
static size_t widen(const char *sql, uint16_t *out)
{
	const unsigned char *at = (const unsigned char *)sql;
	size_t count = 0;
	unsigned point, more;

	for (; *at != 0; out[count++] = (uint16_t)point) {
		more = *at < 0x80 ? 0 : *at < 0xe0 ? 1 : *at < 0xf0 ? 2 : 3;
		point = more == 0 ? *at : *at & (0x3fu >> more);
		for (at++; more > 0; more--)
			point = point << 6 | (*at++ & 0x3fu);
		if (point >= 0x10000) {
			out[count++] = (uint16_t)(0xd7c0 + (point >> 10));
			point = 0xdc00 | (point & 0x3ff);
		}
	}
	out[count] = 0;
	return count;
}

/* sql in one form; the caller frees *buffer. Without NUL it fills its memory to the last byte, so that a sanitizer sees a unit read
 * behind it. UTF-16 lies at an odd address. */
static struct sql_text text_in_form(const char *sql, enum form form, void **buffer)
{
	size_t length = strlen(sql), units, first = form == UTF16_SWAPPED, i;
	uint16_t *wide;
	char *copy;
	int bytes;

	if (form < UTF16_TERMINATED) {
		copy = *buffer = calloc(1, length + (form == UTF8_EXACT ? length == 0 : 9));
		memcpy(copy, sql, length);
		if (form == UTF8_BEYOND)
			strcpy(copy + length + 1, "; BEGIN");
		bytes = form == UTF8_TERMINATED ? -1 : (int)length + (form == UTF8_WITH_NUL) + 9 * (form == UTF8_BEYOND);
		return sql_text_utf8(copy, bytes);
	}
	wide = malloc((length + 2) * sizeof(*wide));
	wide[0] = 0xfeff;
	units = widen(sql, wide + first) + first;
	for (i = 0; i < units && form == UTF16_SWAPPED; i++)
		wide[i] = __builtin_bswap16(wide[i]);
	copy = *buffer = malloc(2 * units + 1 + (form == UTF16_TERMINATED || form == UTF16_BEYOND ? 4 : 0));
	memcpy(copy + 1, wide, 2 * units);
	if (form == UTF16_TERMINATED || form == UTF16_BEYOND)
		memcpy(copy + 1 + 2 * units, "\0\0;", 4);
	bytes = form == UTF16_TERMINATED ? -1 : (int)(2 * units) + 4 * (form == UTF16_BEYOND);
	free(wide);
	return sql_text_utf16(copy + 1, bytes);
}

static const char *const kind_names[] = {
	[STATEMENT_EMPTY] = "empty",           [STATEMENT_BEGIN] = "begin",     [STATEMENT_PRAGMA] = "pragma",
	[STATEMENT_DROP_TABLE] = "drop table", [STATEMENT_REPLACE] = "replace", [STATEMENT_WRITE] = "write",
	[STATEMENT_SCHEMA] = "schema",         [STATEMENT_READ] = "read",       [STATEMENT_EXPLAIN] = "explain",
	[STATEMENT_ATTACH] = "attach",         [STATEMENT_VACUUM] = "vacuum",   [STATEMENT_OTHER] = "other",
	[STATEMENT_SAVEPOINT] = "savepoint",   [STATEMENT_ALTER] = "alter",     [STATEMENT_INDEX] = "index",
};

/* "begin deferred", "pragma main.name=value", "replace update", or the kind alone. */
static void describe(const struct sql_text *text, const struct statement *statement, char *out, size_t size)
{
	static const char *const begins[] = {"plain", "deferred", "other"};
	struct span schema = statement->schema, name = statement->name;
	static const char *const verbs[] = {"other", "insert", "update", "delete"};
	char words[3][64];

	if (statement->kind == STATEMENT_BEGIN) {
		snprintf(out, size, "begin %s", begins[statement->begin]);
		return;
	}
	if (statement->kind == STATEMENT_REPLACE) {
		snprintf(out, size, "replace %s", verbs[statement->verb]);
		return;
	}
	span_copy(text, schema, words[0], sizeof(words[0]));
	span_copy(text, name, words[1], sizeof(words[1]));
	span_copy(text, statement->value, words[2], sizeof(words[2]));
	snprintf(out, size, "%s%s%s%s%s%s%s", kind_names[statement->kind], name.end > name.start ? " " : "", words[0],
		 schema.end > schema.start ? "." : "", words[1], statement->has_value ? "=" : "", words[2]);
}

static const struct reading {
	const char *sql, *statement, *rest;
} readings[] = {
#include "statement_readings.h"
};

static void test_reading(const struct reading *reading, enum form form)
{
	struct statement statement, again;
	struct sql_text text;
	uint16_t wide[2048];
	char got[256];
	void *buffer;
	size_t end, rest = form < UTF16_TERMINATED ? strlen(reading->rest) : widen(reading->rest, wide);

	text = text_in_form(reading->sql, form, &buffer);
	statement_read(&text, 0, &statement);
	end = statement_find_end(&text, &statement);
	describe(&text, &statement, got, sizeof(got));
	check(strcmp(got, reading->statement) == 0, "%s, %s: read as %s, not %s", reading->sql, form_names[form], got,
	      reading->statement);
	check(text.length - end == rest, "%s, %s: %zu units behind the end, not %zu", reading->sql, form_names[form],
	      text.length - end, rest);
	statement_read(&text, statement.start, &again);
	check(again.kind == statement.kind && again.start == statement.start, "%s, %s: not the same from its first token",
	      reading->sql, form_names[form]);
	free(buffer);
}

static const struct rewriting {
	const char *sql, *words, *wanted;
} rewritings[] = {
	{"BEGIN", "IMMEDIATE", "BEGIN IMMEDIATE"},
	{"BEGIN ", "IMMEDIATE", "BEGIN IMMEDIATE "},
	{"begin;", "IMMEDIATE", "begin IMMEDIATE;"},
	{"begin;select 1", "IMMEDIATE", "begin IMMEDIATE;"},
	{" ;;/*x*/begin--y", "IMMEDIATE", " ;;/*x*/begin IMMEDIATE--y"},
	{"BEGIN TRANSACTION;COMMIT", "EXCLUSIVE", "BEGIN EXCLUSIVE TRANSACTION;"},
	{"BEGIN/**/TRANSACTION 'é;'", "IMMEDIATE", "BEGIN IMMEDIATE/**/TRANSACTION 'é;'"},
	{"/*\xf0\x9f\x98\x80*/BEGIN\n", "IMMEDIATE", "/*\xf0\x9f\x98\x80*/BEGIN IMMEDIATE\n"},
	{"BEGIN DEFERRED", "IMMEDIATE", "BEGIN IMMEDIATE"},
	{"begin/**/deferred/**/transaction;", "EXCLUSIVE", "begin/**/EXCLUSIVE/**/transaction;"},
	{"PRAGMA journal_mode=delete;", "wal", "PRAGMA journal_mode=   wal;"},
	{"PRAGMA journal_mode('delete')", "wal", "PRAGMA journal_mode(     wal)"},
	{"PRAGMA mmap_size=0", "134217728", "PRAGMA mmap_size=134217728"},
	{"PRAGMA cache_size = - /* few */ 5; SELECT 1", "-20000", "PRAGMA cache_size =        -20000;"},
	{"PRAGMA synchronous=\"off\"\xef\xbb\xbf;", "normal", "PRAGMA synchronous=normal \xef\xbb\xbf;"},
	{"PRAGMA main.[synchronous] = \"fu\"\"ll\" -- x\n;", "normal", "PRAGMA main.[synchronous] =   normal -- x\n;"},
};

static void test_rewriting(const struct rewriting *rewriting, enum form form)
{
	size_t bytes = 0, wanted_bytes = strlen(rewriting->wanted);
	const void *wanted = rewriting->wanted;
	struct statement statement;
	struct rewrite rewrite;
	struct sql_text text;
	uint16_t wide[256] = {0xfeff};
	void *buffer;
	char *got;

	text = text_in_form(rewriting->sql, form, &buffer);
	if (text.wide) {
		wanted_bytes = 2 * (widen(rewriting->wanted, wide + text.swapped) + text.swapped);
		wanted = wide;
	}
	statement_read(&text, 0, &statement);
	rewrite.place = statement.kind == STATEMENT_BEGIN ? statement.mode : statement.value;
	snprintf(rewrite.words, sizeof(rewrite.words), "%s", rewriting->words);
	got = rewrite_make(&rewrite, &text, (struct span){0, statement_find_end(&text, &statement)}, &bytes);
	check(bytes == wanted_bytes && memcmp(got, wanted, bytes) == 0, "%s, %s: rewritten to %s", rewriting->sql, form_names[form],
	      got);
	check(got[bytes] == 0 && (!text.wide || got[bytes + 1] == 0), "%s, %s: no NUL behind it", rewriting->sql, form_names[form]);
	check(bytes >= statement_find_end(&text, &statement) * (text.wide ? 2 : 1), "%s, %s: shorter", rewriting->sql,
	      form_names[form]);
	free(got);
	free(buffer);
}

/* One buffer, read and rewritten from one statement to the next, as sqlite3_exec does. */
static void test_walk(void)
{
	static const char sql[] = "BEGIN; INSERT INTO t VALUES('BEGIN;'); COMMIT;begin deferred ; --;\n;";
	static const char *const wanted[] = {"begin plain", "write", "other", "begin deferred", "empty"};
	struct sql_text text = sql_text_utf8(sql, -1);
	struct rewrite rewrite = {.words = "IMMEDIATE"};
	struct statement statement;
	size_t at = 0, bytes, i;
	char got[256], *rewritten;

	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		statement_read(&text, at, &statement);
		describe(&text, &statement, got, sizeof(got));
		check(strcmp(got, wanted[i]) == 0, "%s at %zu: read as %s, not %s", sql, at, got, wanted[i]);
		if (i == 3) {
			rewrite.place = statement.mode;
			rewritten = rewrite_make(&rewrite, &text, (struct span){at, statement_find_end(&text, &statement)}, &bytes);
			check(strcmp(rewritten, "begin IMMEDIATE ;") == 0, "%s at %zu: rewritten to %s", sql, at, rewritten);
			free(rewritten);
		}
		at = statement_find_end(&text, &statement);
	}
	check(at == sizeof(sql) - 1, "%s: the last statement ends at %zu", sql, at);
}

static void test_lengths(void)
{
	static const uint16_t wide[] = {'B', 'E', 0, 'G'}, bom[] = {0xfffe, 0x4200}, later[] = {'B', 0xfffe};

	check(sql_text_utf8(NULL, -1).length == 0 && sql_text_utf8(NULL, 5).length == 0, "UTF-8 NULL is not empty");
	check(sql_text_utf16(NULL, -1).length == 0 && sql_text_utf16(NULL, 5).length == 0, "UTF-16 NULL is not empty");
	check(sql_text_utf8("BEGIN", 0).length == 0, "0 bytes are not empty");
	check(sql_text_utf8("BEGIN", 3).length == 3, "3 bytes are not 3");
	check(sql_text_utf8("BE\0GIN", 5).length == 2, "text goes on behind NUL");
	check(sql_text_utf8("BEGIN", INT_MAX).length == 5, "INT_MAX bytes of a short text");
	check(sql_text_utf16(wide, -1).length == 2 && sql_text_utf16(wide, 8).length == 2, "wide text goes on behind NUL");
	check(sql_text_utf16(wide, 2).length == 1 && sql_text_utf16(wide, 3).length == 1,
	      "an odd number of bytes is not rounded down");
	check(sql_text_utf16(wide, 0).length == 0 && sql_text_utf16(wide, 1).length == 0, "1 byte of wide text is not empty");
	check(!sql_text_utf16(wide, -1).swapped, "swapped without a byte order mark");
	check(sql_text_utf16(bom, 4).swapped, "not swapped with a byte order mark");
	check(!sql_text_utf16(later, 4).swapped, "swapped by a mark that is not in front");
}

static void test_first_letter(void)
{
	static const struct {
		const char *sql;
		int bytes;
		unsigned letter;
	} cases[] = {
		{"SELECT 1", -1, 19},
		{"select 1", 8, 19},
		{"A", 1, 1},
		{"z", 1, 26},
		{"SAVEPOINT x", -1, STATEMENT_SA},
		{" sA", 3, STATEMENT_SA},
		{"sA", 1, 19},
		{"s", -1, 19},
		{"s ", -1, 19},
		{"s\0a", 3, 19},
		{" \t\n\f\rB", -1, 2},
		{"  B", 2, 0},
		{"", -1, 0},
		{"B", 0, 0},
		{"  ", -1, 0},
		{";BEGIN", -1, 0},
		{"--x\nBEGIN", -1, 0},
		{"/**/b", -1, 0},
		{"\vB", -1, 0},
		{"@", 1, 0},
		{"`", 1, 0},
		{"[", 1, 0},
		{"{", 1, 0},
		{"_", 1, 0},
		{"1", 1, 0},
		{"\xe1", 1, 0},
		{"\xc1", 1, 0},
		{NULL, -1, 0},
		{NULL, 3, 0},
		{"\xef\xbb\xbf"
		 "B",
		 -1, 0},
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(statement_first_letter(cases[i].sql, cases[i].bytes) == cases[i].letter,
		      "first letter of %s in %d bytes: not %u", cases[i].sql == NULL ? "NULL" : cases[i].sql, cases[i].bytes,
		      cases[i].letter);
}

static void test_update_or(void)
{
	static const struct {
		const char *sql;
		int bytes;
		bool may_be;
	} cases[] = {
		{"UPDATE t SET a=1", -1, false},
		{" update\nOR replace t SET a=1", -1, true},
		{"UPDATE orders SET a=1", -1, false},
		{"UPDATE or/**/REPLACE t SET a=1", -1, true},
		{"UPDATE/**/OR REPLACE t SET a=1", -1, true},
		{"UPDATE -- x\nOR REPLACE t SET a=1", -1, true},
		{"WITH w AS (SELECT 1) UPDATE OR REPLACE t SET a=1", -1, true},
		{"DELETE FROM t", -1, false},
		{"UPDATE tables OR", 13, false},
		{"UPDATE OR", 9, true},
		{"UPDATE", 3, true},
		{"", -1, true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(statement_may_be_update_or(cases[i].sql, cases[i].bytes) == cases[i].may_be, "may %s be UPDATE OR: not %d",
		      cases[i].sql, cases[i].may_be);
}

static void test_plain_begin(void)
{
	static const struct {
		const char *sql;
		int bytes;
		bool is;
	} cases[] = {
		{"BEGIN", -1, true},
		{"begin;", -1, true},
		{" \n\tBegin ; \r", -1, true},
		{"BEGIN TRANSACTION", -1, true},
		{"begin\ttransaction;", -1, true},
		{"BEGIN IMMEDIATE", 5, true},
		{"BEGIN IMMEDIATE", 6, true},
		{"BEGIN\0IMMEDIATE", 15, true},
		{"BEGINNING", 5, true},
		{"BEGIN", 4, false},
		{"BEGIN", 0, false},
		{"BEGI", -1, false},
		{"BEGINTRANSACTION", -1, false},
		{"BEGINNING", -1, false},
		{"BEGIN;;", -1, false},
		{"BEGIN; SELECT 1", -1, false},
		{"BEGIN DEFERRED", -1, false},
		{"BEGIN IMMEDIATE", -1, false},
		{"BEGIN TRANSACTIONS", -1, false},
		{"BEGIN TRANSACTION x", -1, false},
		{"BEGIN -- so", -1, false},
		{"; BEGIN", -1, false},
		{"", -1, false},
		{NULL, -1, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(statement_is_plain_begin(cases[i].sql, cases[i].bytes) == cases[i].is, "%s in %d bytes: plain BEGIN or not",
		      cases[i].sql == NULL ? "NULL" : cases[i].sql, cases[i].bytes);
}

static void test_plain_commit(void)
{
	static const struct {
		const char *sql;
		bool is;
	} cases[] = {
		{"COMMIT", true},
		{" \tcommit;", true},
		{"CommiT", true},
		{"COMMIT TRANSACTION", false},
		{"COMMITS", false},
		{"COMMI", false},
		{"COMMIT; BEGIN", false},
		{"COMMIT /* so */", false},
		{"END", false},
		{"; COMMIT", false},
		{"", false},
		{NULL, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(statement_is_plain_commit(cases[i].sql) == cases[i].is, "%s: plain COMMIT or not",
		      cases[i].sql == NULL ? "NULL" : cases[i].sql);
}

static struct span whole(const struct sql_text *text)
{
	return (struct span){0, text->length};
}

static void test_spans(void)
{
	static const struct {
		const char *sql, *copy;
	} cases[] = {
		{"", ""},
		{"wal", "wal"},
		{"'wal'", "wal"},
		{"\"w\"\"al\"", "w\"al"},
		{"`w``a`", "w`a"},
		{"[w]", "w"},
		{"''", ""},
		{"''''", "'"},
		{"-5", "-5"},
		{"+5", "5"},
		{"- /* x */ 5", "-5"},
		{"+ -- x\n5", "5"},
		{"'-  5'", "-  5"},
		{"'+5'", "+5"},
		{"x", "x"},
		{"é", "é"},
		{"'é€'", "é€"},
		{"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
	};
	struct sql_text text;
	void *buffer;
	char got[16];
	size_t i, length;
	enum form form;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (form = UTF8_EXACT; form < UTF16_SWAPPED; form++) {
			text = text_in_form(cases[i].sql, form, &buffer);
			length = span_copy(&text, whole(&text), got, sizeof(got));
			check(length == strlen(cases[i].copy) && strcmp(got, cases[i].copy) == 0, "%s, %s: copied as %s",
			      cases[i].sql, form_names[form], got);
			free(buffer);
		}
	}
	text = sql_text_utf8("'Wa''L'", -1);
	check(span_is(&text, whole(&text), "wA'l"), "span_is minds case or doubled quotes");
	check(!span_is(&text, whole(&text), "wa'"), "span_is takes a longer span");
	check(!span_is(&text, whole(&text), "wa'll"), "span_is takes a shorter span");
	check(!span_is(&text, (struct span){0, 0}, "wal") && span_is(&text, (struct span){0, 0}, ""), "span_is of an empty span");
	check(span_copy(&text, whole(&text), got, 3) == 4 && strcmp(got, "Wa") == 0, "a copy is not cut to 2 bytes");
	check(span_copy(&text, whole(&text), got, 1) == 4 && got[0] == '\0', "a copy is not cut to nothing");
	check(span_copy(&text, whole(&text), NULL, 0) == 4, "a copy into nothing");
}

/* SQLite's conversion takes the unit after any surrogate for its other half. */
static void test_stray_surrogates(void)
{
	static const uint16_t sql[] = {'s', '=', '"', 0xdc00, '"', ';', '"', ';', 'x', 0xd800};
	struct sql_text text = sql_text_utf16(sql, sizeof(sql));
	struct statement statement;

	statement_read(&text, 0, &statement);
	check(statement_find_end(&text, &statement) == 8, "the quote behind a stray surrogate ends the name");
	statement_read(&text, 8, &statement);
	check(statement_find_end(&text, &statement) == 10, "a surrogate at the end is not the end");
}

int main(void)
{
	enum form form;
	size_t i;

	for (form = 0; form < FORM_COUNT; form++) {
		for (i = 0; i < sizeof(readings) / sizeof(readings[0]); i++)
			test_reading(&readings[i], form);
		for (i = 0; i < sizeof(rewritings) / sizeof(rewritings[0]); i++)
			test_rewriting(&rewritings[i], form);
	}
	test_walk();
	test_lengths();
	test_first_letter();
	test_update_or();
	test_plain_begin();
	test_plain_commit();
	test_spans();
	test_stray_surrogates();
	printf("%u passed, %u failed\n", passed, failed);
	return failed > 0;
}
