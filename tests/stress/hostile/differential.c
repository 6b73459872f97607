/* differential.c - runs made-up programs and says what came of each: differential FIRST COUNT [v]
 *
 * A program is some fifty calls on one connection. All that they return is added up: codes, messages, rows, pzTail, counters, at
 * the end what the database holds. Without and with the library, the same seed prints the same. One line a program, "seed sum
 * statements"; v shows it all. Works on files in the current folder, and removes all that are there. */
#include "grammar.h"

#include <dirent.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TEXT_MOST 2000
#define SLOTS 4

static bool loud;
static uint64_t sum;
static unsigned long statements;

static void say_bytes(const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		sum = (sum ^ (unsigned char)bytes[i]) * UINT64_C(1099511628211);
	if (loud)
		fwrite(bytes, 1, length, stdout);
}

static void __attribute__((format(printf, 1, 2))) say(const char *format, ...)
{
	char line[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	say_bytes(line, strlen(line));
}

/* Text at the end of a page, the next one out of bounds. */
static char *place(const char *bytes, size_t length)
{
	static char *pages;
	size_t page = 4096, size = 4 * page;

	if (!pages) {
		pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (pages == MAP_FAILED || mprotect(pages + 3 * page, page, PROT_NONE) != 0)
			exit(2);
	}
	return memcpy(pages + 3 * page - length, bytes, length);
}

static int on_row(void *unused, int count, char **values, char **columns)
{
	(void)unused;
	for (int i = 0; i < count; i++) {
		say(i ? "|" : "row ");
		say_bytes(columns[i], strlen(columns[i]));
		say("=");
		say_bytes(values[i] ? values[i] : "NULL", values[i] ? strlen(values[i]) : 4);
	}
	say("\n");
	return 0;
}

static void say_state(sqlite3 *db, const char *call, int rc)
{
	/* the message of a call that went well is whatever was left of one that did not, and so is that of a step of the oldest API
	 */
	say("%s %d %d %s auto %d changes %d total %d rowid %lld\n", call, rc, sqlite3_extended_errcode(db),
	    rc == SQLITE_OK || rc == SQLITE_ROW || rc == SQLITE_DONE || strcmp(call, "step v1") == 0 ? "-" : sqlite3_errmsg(db),
	    sqlite3_get_autocommit(db), sqlite3_changes(db), sqlite3_total_changes(db), (long long)sqlite3_last_insert_rowid(db));
}

static void run_exec(sqlite3 *db, const char *sql, size_t length)
{
	char *message = NULL;
	int rc = sqlite3_exec(db, place(sql, length + 1), on_row, NULL, &message);

	say_state(db, "exec", rc);
	say("%s\n", message ? message : "-");
	sqlite3_free(message);
}

static void run_table(sqlite3 *db, const char *sql, size_t length)
{
	int rows = 0, columns = 0;
	char **table = NULL, *message = NULL;
	int rc = sqlite3_get_table(db, place(sql, length + 1), &table, &rows, &columns, &message);

	for (int i = 0; table && i < (rows + 1) * columns; i++)
		say("cell %s\n", table[i] ? table[i] : "NULL");
	say_state(db, "table", rc);
	say("%d %d %s\n", rows, columns, message ? message : "-");
	sqlite3_free_table(table);
	sqlite3_free(message);
}

struct kept {
	sqlite3_stmt *stmt;
	const char *call;
};

static void step_through(sqlite3 *db, struct kept kept, unsigned most)
{
	sqlite3_stmt *stmt = kept.stmt;
	int rc = SQLITE_ROW;

	for (unsigned i = 0; i < most && rc == SQLITE_ROW; i++) {
		rc = sqlite3_step(stmt);
		for (int column = 0; rc == SQLITE_ROW && column < sqlite3_column_count(stmt); column++) {
			const char *text = (const char *)sqlite3_column_text(stmt, column);
			say("%s=%s|", sqlite3_column_name(stmt, column), text ? text : "NULL");
		}
	}
	say("\n");
	say_state(db, kept.call, rc);
}

/* *lone: there are lone surrogates, after which SQLite looks for pzTail beyond the text's end (sqlite3Utf16ByteLen()). */
static size_t widen(const char *sql, size_t length, uint16_t *out, struct dice *dice, bool *lone)
{
	bool swapped = dice_roll(dice, 8) == 0, marked = swapped || dice_roll(dice, 8) == 0;
	size_t n = 0;

	if (marked)
		out[n++] = 0xfeff;
	*lone = false;
	for (size_t i = 0; i < length; i++) {
		bool surrogate = dice_roll(dice, 500) == 0;
		out[n++] = surrogate ? (uint16_t)(0xd800 + dice_roll(dice, 0x800)) : (unsigned char)sql[i];
		*lone |= surrogate;
	}
	for (size_t i = 0; swapped && i < n; i++)
		out[i] = (uint16_t)(out[i] << 8 | out[i] >> 8);
	out[n] = 0;
	return 2 * n;
}

static int prepare(sqlite3 *db, unsigned api, const void *sql, int bytes, sqlite3_stmt **stmt, const void **tail)
{
	const char **narrow = (const char **)tail;

	switch (api) {
	case 0:
		return sqlite3_prepare(db, sql, bytes, stmt, narrow);
	case 1:
		return sqlite3_prepare_v2(db, sql, bytes, stmt, narrow);
	case 2:
		return sqlite3_prepare_v3(db, sql, bytes, SQLITE_PREPARE_PERSISTENT, stmt, narrow);
	case 3:
		return sqlite3_prepare16(db, sql, bytes, stmt, tail);
	case 4:
		return sqlite3_prepare16_v2(db, sql, bytes, stmt, tail);
	default:
		return sqlite3_prepare16_v3(db, sql, bytes, 0, stmt, tail);
	}
}

/* How long the text is, and how long SQLite is told it is. */
static void choose_length(struct dice *dice, size_t unit, size_t length, size_t *there, int *told)
{
	*there = length + unit;
	*told = -1;
	switch (dice_roll(dice, 7)) {
	case 0:
		*there = length, *told = (int)length;
		break;
	case 1:
		*told = (int)*there;
		break;
	case 2:
		/* what follows the NUL does not count, but SQLite looks at the last byte */
		*there = length + unit + 900, *told = (int)*there;
		break;
	case 3:
		*there = dice_roll(dice, (unsigned)length + 1) / unit * unit, *told = (int)*there;
		break;
	case 4:
		*told = dice_roll(dice, 20) ? (int)dice_roll(dice, (unsigned)length + 1) : 0;
		break;
	default:
		break;
	}
}

static void run_prepared(sqlite3 *db, const char *sql, size_t length, struct dice *dice, struct kept *kept)
{
	static uint16_t wide[TEXT_MOST + 2];
	unsigned api = dice_roll(dice, 6);
	bool lone = false;
	size_t unit = api < 3 ? 1 : 2, bytes = api < 3 ? length : widen(sql, length, wide, dice, &lone), there;
	const void *tail = NULL;
	sqlite3_stmt *stmt = NULL;
	const char *text;
	bool wants_tail = dice_roll(dice, 4) != 0 && !lone;
	int told, rc;

	choose_length(dice, unit, bytes, &there, &told);
	text = place(api < 3 ? sql : (const char *)wide, there);
	for (int left = 8; left > 0; left--) {
		tail = NULL;
		rc = prepare(db, api, text, told, &stmt, wants_tail ? &tail : NULL);
		struct kept made = {stmt, api % 3 ? "step" : "step v1"};
		/* SQLite's own pzTail is some units short after what is no character: statement.h */
		say("api %u told %d tail %td\n", api, told, tail && api < 3 ? (const char *)tail - text : -1);
		say_state(db, "prepare", rc);
		if (stmt)
			step_through(db, made, 1 + dice_roll(dice, 4));
		if (stmt && dice_roll(dice, 4) == 0) {
			sqlite3_finalize(kept->stmt);
			*kept = made;
		} else if (stmt) {
			say("finalize %d\n", sqlite3_finalize(stmt));
		}
		if (rc != SQLITE_OK || !tail || api >= 3 || tail == text || (told >= 0 && (const char *)tail - text >= told) ||
		    !*(const char *)tail)
			return;
		told = told < 0 ? told : told - (int)((const char *)tail - text);
		text = tail;
	}
}

static void run_program(uint64_t seed)
{
	static char sql[TEXT_MOST];
	struct dice dice = {seed * 1000003};
	struct kept slots[SLOTS] = {{0}};
	sqlite3 *db;

	say("open %d\n", sqlite3_open("t.db", &db));
	for (int i = 0; i < 50; i++) {
		unsigned kind = dice_roll(&dice, 10), slot = dice_roll(&dice, SLOTS);
		size_t length = grammar_write(&dice, sql, sizeof(sql) / 2);

		if (kind < 8) {
			statements++;
			say("%d: ", i);
			say_bytes(sql, length);
			say("\n");
		}
		if (kind < 4)
			run_exec(db, sql, length);
		else if (kind < 5)
			run_table(db, sql, length);
		else if (kind < 8)
			run_prepared(db, sql, length, &dice, &slots[slot]);
		else if (kind < 9 && slots[slot].stmt)
			step_through(db, slots[slot], 2);
		else if (slots[slot].stmt)
			say("reset %d\n", sqlite3_reset(slots[slot].stmt));
	}
	for (int i = 0; i < SLOTS; i++)
		sqlite3_finalize(slots[i].stmt);
	run_exec(db, "ROLLBACK", 8);
	for (const char *const *ask = (const char *const[]){"PRAGMA integrity_check", "SELECT * FROM sqlite_schema",
							    "SELECT * FROM t1", "SELECT * FROM t2", "SELECT * FROM t3",
							    "SELECT * FROM u.t1", "PRAGMA user_version", NULL};
	     *ask; ask++)
		run_exec(db, *ask, strlen(*ask));
	say("close %d\n", sqlite3_close(db));
}

/* A bent name in an ATTACH is another file. */
static void remove_files(void)
{
	struct dirent *entry;
	DIR *folder = opendir(".");

	while (folder && (entry = readdir(folder)))
		unlink(entry->d_name);
	if (folder)
		closedir(folder);
}

int main(int argc, char **argv)
{
	unsigned long first, count;

	if (argc < 3)
		return 2;
	first = strtoul(argv[1], NULL, 10);
	count = strtoul(argv[2], NULL, 10);
	loud = argc > 3;
	for (unsigned long seed = first; seed < first + count; seed++) {
		remove_files();
		sum = UINT64_C(14695981039346656037);
		statements = 0;
		run_program(seed);
		printf("%lu %016llx %lu\n", seed, (unsigned long long)sum, statements);
	}
	return 0;
}
