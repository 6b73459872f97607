/* Differential fuzzer: the statement reader against the real SQLite (oracle.c).
 *
 * The input is SQL text, walked through from statement to statement. Where SQLite accepts a statement, both must agree what it is,
 * what a PRAGMA names and sets, which table REPLACE writes to and where the next statement begins, to the byte; and its rewritten
 * form must be accepted as what it was rewritten to. Where SQLite refuses, it must refuse in the same words the
 * statement cut off where the reader ends it, and a BEGIN rewritten. In every case the reader stays inside the text and gets ahead.
 *
 * The same text is then read as UTF-16 in both byte orders, and a second time with surrogates and byte order marks scattered over
 * it. */
#include "oracle.h"
#include "sql/first_words.h"
#include "sql/rewrite.h"
#include "sql/token.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *current_sql;

#define CHECK(condition)                                                                                                           \
	do {                                                                                                                       \
		if (!(condition)) {                                                                                                \
			fprintf(stderr, "%s:%d: not so: %s\nin: %s\n", __FILE__, __LINE__, #condition, current_sql);               \
			abort();                                                                                                   \
		}                                                                                                                  \
	} while (0)

/* SQLite gave up for a reason that has nothing to do with the text. */
static bool gave_up(const struct verdict *verdict)
{
	return verdict->rc == SQLITE_NOMEM || verdict->rc == SQLITE_TOOBIG || verdict->rc == SQLITE_INTERRUPT;
}

static bool same_name(const struct sql_text *text, struct span span, const char *name)
{
	char copy[ORACLE_TEXT_MOST];

	span_copy(text, span, copy, sizeof(copy));
	return span_is(text, span, name) && sqlite3_stricmp(copy, name) == 0;
}

static bool same_value(const struct sql_text *text, struct span span, const char *value)
{
	char copy[ORACLE_TEXT_MOST];

	return span_copy(text, span, copy, sizeof(copy)) == strlen(value) && strcmp(copy, value) == 0;
}

static void check_begin(const struct statement *statement, const struct verdict *verdict)
{
	CHECK((statement->kind == STATEMENT_BEGIN) == (verdict->begin && !verdict->explain));
	if (statement->kind == STATEMENT_BEGIN)
		CHECK((statement->begin != BEGIN_OTHER) == verdict->readonly);
}

static void check_pragma(const struct sql_text *text, const struct statement *statement, const struct verdict *verdict)
{
	CHECK((statement->kind == STATEMENT_PRAGMA) == (verdict->pragma && !verdict->explain));
	if (statement->kind != STATEMENT_PRAGMA)
		return;
	CHECK((statement->schema.end > statement->schema.start) == verdict->has_schema);
	CHECK(statement->has_value == verdict->has_value);
	CHECK(same_name(text, statement->schema, verdict->schema));
	CHECK(same_value(text, statement->name, verdict->name));
	CHECK(same_value(text, statement->value, verdict->value));
}

static void check_write(const struct statement *statement, const struct verdict *verdict)
{
	bool inserts = verdict->write == SQLITE_INSERT || verdict->write == SQLITE_UPDATE;

	if (statement->kind == STATEMENT_READ)
		CHECK(verdict->write == 0 && verdict->select && verdict->readonly);
	if (statement->kind == STATEMENT_WRITE)
		CHECK(verdict->write != 0 && !(inserts && verdict->cascade));
	if (inserts && verdict->cascade && !verdict->explain)
		CHECK(statement->kind == STATEMENT_REPLACE);
	if (statement->kind == STATEMENT_REPLACE)
		CHECK(inserts);
	if (statement->kind == STATEMENT_REPLACE || statement->kind == STATEMENT_WRITE)
		CHECK((statement->verb == WRITE_INSERT) == (verdict->write == SQLITE_INSERT) &&
		      (statement->verb == WRITE_UPDATE) == (verdict->write == SQLITE_UPDATE));
}

static void check_kind(const struct sql_text *text, const struct statement *statement, const struct verdict *verdict)
{
	CHECK((statement->kind == STATEMENT_EMPTY) == verdict->empty);
	CHECK((statement->kind == STATEMENT_EXPLAIN) == verdict->explain);
	CHECK((statement->kind == STATEMENT_ATTACH) == (verdict->attach && !verdict->explain));
	CHECK((statement->kind == STATEMENT_SAVEPOINT) == (verdict->savepoint && !verdict->explain));
	if (verdict->drop_table && !verdict->explain)
		CHECK(statement->kind == STATEMENT_DROP_TABLE);
	check_begin(statement, verdict);
	check_pragma(text, statement, verdict);
	check_write(statement, verdict);
}

/* SQLite finds pzTail of UTF-16 by counting characters, and counts neither a byte order mark nor a stray surrogate's other half. */
static bool tail_is_exact(const struct sql_text *text, bool well_formed)
{
	return well_formed && unit_get(text, 0) != 0xfeff;
}

/* Is the rewritten statement accepted as what it was rewritten to, or refused as before? */
static void check_rewriting(const struct sql_text *text, const struct statement *statement, size_t from,
			    const struct verdict *before, bool tail_exact)
{
	static struct verdict after;
	bool is_begin = statement->kind == STATEMENT_BEGIN && statement->begin != BEGIN_OTHER;
	size_t end = statement_find_end(text, statement), unit_size = text->wide ? 2 : 1, bytes;
	struct rewrite rewrite = {is_begin ? statement->mode : statement->value, ""};
	void *rewritten;

	strcpy(rewrite.words, is_begin ? "IMMEDIATE" : "normal");
	if (!is_begin && !(statement->kind == STATEMENT_PRAGMA && statement->has_value && before->rc == SQLITE_OK))
		return;
	rewritten = rewrite_make(&rewrite, text, (struct span){from, end}, &bytes);
	CHECK(rewritten != NULL && bytes >= (end - from) * unit_size);
	if (text->wide)
		oracle_ask_wide(rewritten, -1, &after);
	else
		oracle_ask(rewritten, -1, &after);
	if (!gave_up(before) && !gave_up(&after)) {
		CHECK(after.rc == before->rc && strcmp(after.message, before->message) == 0);
		if (after.rc == SQLITE_OK && is_begin)
			CHECK(after.begin && !after.readonly);
		if (after.rc == SQLITE_OK && !is_begin)
			CHECK(after.pragma && strcmp(after.value, "normal") == 0 && strcmp(after.name, before->name) == 0);
		if (after.rc == SQLITE_OK && tail_exact)
			CHECK(after.tail == bytes);
	}
	free(rewritten);
}

static bool same_statement(const struct sql_text *text, const struct statement *a, const struct sql_text *other,
			   const struct statement *b)
{
	const struct span spans[2][3] = {{a->schema, a->name, a->value}, {b->schema, b->name, b->value}};
	static char copies[2][ORACLE_TEXT_MOST];
	size_t i;

	if (a->kind != b->kind || a->verb != b->verb || a->has_value != b->has_value ||
	    (a->kind == STATEMENT_BEGIN && a->begin != b->begin))
		return false;
	for (i = 0; i < 3; i++) {
		span_copy(text, spans[0][i], copies[0], sizeof(copies[0]));
		span_copy(other, spans[1][i], copies[1], sizeof(copies[1]));
		if (strcmp(copies[0], copies[1]) != 0)
			return false;
	}
	return true;
}

/* The text in the other byte order, after a byte order mark, reads the same. */
static void check_swapped(const struct sql_text *text, const struct statement *statement)
{
	uint16_t *swapped = malloc(2 * (text->length + 1)), unit;
	struct statement again;
	struct sql_text other;
	size_t i;

	swapped[0] = 0xfffe;
	for (i = 0; i < text->length; i++) {
		memcpy(&unit, (const char *)text->units + 2 * i, sizeof(unit));
		swapped[i + 1] = __builtin_bswap16(unit);
	}
	other = sql_text_utf16(swapped, (int)(2 * (text->length + 1)));
	CHECK(other.length == text->length + 1 && other.swapped);
	statement_read(&other, 0, &again);
	CHECK(again.start == statement->start + 1 && same_statement(text, statement, &other, &again));
	CHECK(statement_find_end(&other, &again) == statement_find_end(text, statement) + 1);
	free(swapped);
}

/* Reads UTF-16 (native, no NUL in it) and compares with SQLite, which converts it to the given UTF-8 first. behind[i] is the unit
 * behind byte i - 1, or SIZE_MAX inside a character. */
static void check_wide(const uint16_t *units, size_t count, const char *narrow, const size_t *behind, bool well_formed)
{
	static struct verdict verdict, direct;
	uint16_t *exact = malloc(2 * count + 1);
	struct statement statement;
	struct sql_text text;
	size_t end;

	memcpy(exact, units, 2 * count);
	text = sql_text_utf16(exact, (int)(2 * count));
	CHECK(text.length == count);
	if (!text.swapped) {
		statement_read(&text, 0, &statement);
		end = statement_find_end(&text, &statement);
		CHECK(statement.start <= end && end <= count && (end > 0 || count == 0));
		check_swapped(&text, &statement);
		oracle_ask(narrow, -1, &verdict);
		oracle_ask_wide(units, -1, &direct);
		CHECK(verdict.rc == direct.rc || gave_up(&verdict) || gave_up(&direct));
		if (verdict.rc == SQLITE_OK) {
			CHECK(behind[verdict.tail] == end);
			check_kind(&text, &statement, &direct);
			CHECK(direct.tail == 2 * end || !tail_is_exact(&text, well_formed));
		}
		check_rewriting(&text, &statement, 0, &direct, tail_is_exact(&text, well_formed));
	}
	free(exact);
}

static size_t encode(unsigned point, char *out)
{
	size_t more = point < 0x80 ? 0 : point < 0x800 ? 1 : point < 0x10000 ? 2 : 3, i;
	static const unsigned char lead[] = {0, 0xc0, 0xe0, 0xf0};

	for (i = more; i > 0; i--, point >>= 6)
		out[i] = (char)(0x80 | (point & 0x3f));
	out[0] = (char)(lead[more] | point);
	return more + 1;
}

/* Converts as SQLite does, a leading byte order mark left out, and checks. */
static void check_units(const uint16_t *units, size_t count, bool well_formed)
{
	size_t *behind = malloc((3 * count + 2) * sizeof(*behind)), at, length = 0, bytes, i;
	char *narrow = malloc(3 * count + 2);
	unsigned point;

	at = count > 0 && units[0] == 0xfeff;
	behind[0] = at;
	while (at < count) {
		point = units[at++];
		if (point >= 0xd800 && point < 0xe000 && at < count)
			point = 0x10000 + ((point & 0x3ff) << 10) + (units[at++] & 0x3ff);
		bytes = encode(point, narrow + length);
		for (i = 1; i < bytes; i++)
			behind[length + i] = SIZE_MAX;
		length += bytes;
		behind[length] = at;
	}
	narrow[length] = '\0';
	check_wide(units, count, narrow, behind, well_formed);
	free(narrow);
	free(behind);
}

/* Strict UTF-8 to UTF-16 with a NUL; false if it is not well formed. */
static bool widen(const char *sql, uint16_t *out, size_t *count)
{
	const unsigned char *at = (const unsigned char *)sql;
	static const unsigned least[] = {0, 0x80, 0x800, 0x10000};
	unsigned point, more, left;

	for (*count = 0; *at != 0; out[(*count)++] = (uint16_t)point) {
		more = *at < 0x80 ? 0 : *at < 0xc0 ? 4 : *at < 0xe0 ? 1 : *at < 0xf0 ? 2 : *at < 0xf8 ? 3 : 4;
		if (more == 4)
			return false;
		point = more == 0 ? *at : *at & (0x3fu >> more);
		for (at++, left = more; left > 0; left--, at++) {
			if ((*at & 0xc0) != 0x80)
				return false;
			point = point << 6 | (*at & 0x3fu);
		}
		if (point < least[more] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
			return false;
		if (point >= 0x10000) {
			out[(*count)++] = (uint16_t)(0xd7c0 + (point >> 10));
			point = 0xdc00 | (point & 0x3ff);
		}
	}
	out[*count] = 0;
	return true;
}

/* ASCII stays; other bytes become the units that are most likely to be taken wrong. */
static size_t scatter(const char *sql, uint16_t *out)
{
	static const uint16_t units[] = {0xd800, 0xdbff, 0xdc00, 0xdfff, 0xfeff,         0xfffe,         0x0080, 0x07ff,
					 0x0800, 0xffff, 0x3b00, 0x2700, 0x0022 + 0x100, 0x003b + 0x100, 0xd83d, 0xde00};
	size_t count = 0;

	for (; *sql != '\0'; sql++)
		out[count++] = (*sql & 0x80) != 0 ? units[*sql & 0x0f] : (uint16_t)*sql;
	out[count] = 0;
	return count;
}

static void check_as_wide(const char *sql)
{
	uint16_t *units = malloc(2 * (strlen(sql) + 1));
	size_t count;

	if (widen(sql, units, &count))
		check_units(units, count, true);
	count = scatter(sql, units);
	check_units(units, count, false);
	free(units);
}

/* A statement cut off at its end is what it was: accepted, or refused with the same words. */
static void check_cut(const char *sql, size_t length, const struct verdict *whole)
{
	static struct verdict verdict;

	oracle_ask(sql, (int)length, &verdict);
	if (gave_up(whole) || gave_up(&verdict))
		return;
	CHECK(verdict.rc == whole->rc && strcmp(verdict.message, whole->message) == 0);
	CHECK(verdict.rc != SQLITE_OK || verdict.tail == length);
}

static unsigned first_letter(unsigned letter)
{
	switch (letter) {
	case STATEMENT_SA:
		return 's';
	case STATEMENT_CR:
		return 'c';
	case STATEMENT_REI:
		return 'r';
	default:
		return letter + 'a' - 1;
	}
}

/* One statement at `from` of UTF-8 text; exact is the same text without a NUL. Returns where the next one begins. */
static size_t check_statement(const char *sql, const struct sql_text *exact, size_t from)
{
	static struct verdict verdict, counted;
	unsigned letter = statement_first_letter((const char *)exact->units + from, (int)(exact->length - from));
	struct statement statement, rest;
	size_t end;

	statement_read(exact, from, &statement);
	end = statement_find_end(exact, &statement);
	CHECK(from <= statement.start && statement.start <= end && end <= exact->length && end > from);
	if (statement_is_plain_begin((const char *)exact->units + from, (int)(exact->length - from))) {
		CHECK(statement.kind == STATEMENT_BEGIN && statement.begin == BEGIN_PLAIN);
		statement_read(exact, end, &rest);
		CHECK(rest.kind == STATEMENT_EMPTY);
	}
	CHECK(letter == 0 || unit_fold(unit_get(exact, statement.start)) == first_letter(letter));
	CHECK(statement.kind != STATEMENT_SAVEPOINT || letter == 0 || letter == STATEMENT_SA);

	oracle_ask(sql + from, -1, &verdict);
	oracle_ask((const char *)exact->units + from, (int)(exact->length - from), &counted);
	CHECK(verdict.rc == counted.rc || gave_up(&verdict) || gave_up(&counted));
	if (verdict.rc == SQLITE_OK) {
		CHECK(from + verdict.tail == end && from + counted.tail == end);
		check_kind(exact, &statement, &verdict);
	}
	check_cut(sql + from, end - from, &verdict);
	check_rewriting(exact, &statement, from, &verdict, true);
	return end;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sql_text exact;
	char *sql, *copy;
	size_t at;

	if (size >= ORACLE_TEXT_MOST / 4)
		return 0;
	sql = malloc(size + 1);
	memcpy(sql, data, size);
	sql[size] = '\0';
	size = strlen(sql);
	copy = malloc(size + (size == 0));
	memcpy(copy, sql, size);
	exact = sql_text_utf8(copy, (int)size);
	for (at = 0; at < size;) {
		current_sql = sql + at;
		at = check_statement(sql, &exact, at);
	}
	current_sql = sql;
	check_as_wide(sql);
	free(copy);
	free(sql);
	return 0;
}
