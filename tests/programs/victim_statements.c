/* victim_statements.c - prepared statements of a victim's lines. */
#include "victim.h"
#include "victim_text.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct statement {
	char name[NAME_SIZE];
	sqlite3_stmt *stmt;
};

static struct statement statements[NAME_COUNT];

/* Absent in SQLite before 3.20, and so in Debian 12's SQLCipher: then v2 is called, as a careful program does. */
#pragma weak sqlite3_prepare_v3
#pragma weak sqlite3_prepare16_v3

static struct statement *statement_get(char **rest)
{
	return name_find(statements, sizeof(*statements), victim_word(rest), false);
}

static int prepare(const char *api, sqlite3 *db, const void *sql, int bytes, sqlite3_stmt **stmt, const char **tail)
{
	if (strncmp(api, "v1", 2) == 0)
		return sqlite3_prepare(db, sql, bytes, stmt, tail);
	if (strncmp(api, "v2", 2) == 0 || (strncmp(api, "v3", 2) == 0 && !sqlite3_prepare_v3))
		return sqlite3_prepare_v2(db, sql, bytes, stmt, tail);
	if (strncmp(api, "v3", 2) == 0)
		return sqlite3_prepare_v3(db, sql, bytes, SQLITE_PREPARE_PERSISTENT, stmt, tail);
	const void *wide_tail = NULL;
	const void **wide = tail ? &wide_tail : NULL;
	bool is_v2 = strncmp(api, "16_v2", 5) == 0 || (strncmp(api, "16_v3", 5) == 0 && !sqlite3_prepare16_v3);
	int rc = is_v2                           ? sqlite3_prepare16_v2(db, sql, bytes, stmt, wide)
		 : strncmp(api, "16_v3", 5) == 0 ? sqlite3_prepare16_v3(db, sql, bytes, 0, stmt, wide)
						 : sqlite3_prepare16(db, sql, bytes, stmt, wide);
	if (tail)
		*tail = wide_tail;
	return rc;
}

static void call_prepare(char *rest)
{
	sqlite3 *db = calls_handle(&rest);
	struct statement *statement = name_find(statements, sizeof(*statements), victim_word(&rest), true);
	const char *api = victim_word(&rest), *bytes = victim_word(&rest), *tail = NULL;
	bool terminated = strcmp(bytes, "length") != 0, wants_tail = !strchr(api, '!');
	struct text sql = text_place(rest, api[0] == '1', terminated);
	int length = strcmp(bytes, "length+NUL") == 0 ? (int)sql.length + (api[0] == '1' ? 2 : 1)
		     : terminated                     ? atoi(bytes)
						      : (int)sql.length;
	int rc = prepare(api, db, sql.units, length, &statement->stmt, wants_tail ? &tail : NULL);

	char detail[64] = "";
	if (tail)
		snprintf(detail, sizeof(detail), "tail %td%s", tail - (const char *)sql.units, statement->stmt ? "" : " empty");
	else if (wants_tail)
		strcpy(detail, "tail NULL");
	victim_say("prepare", rc, detail);
	text_remove(&sql);
}

static void call_step(char *rest)
{
	struct statement *statement = statement_get(&rest);
	int rc = sqlite3_step(statement->stmt);
	char *values[64];
	int count = rc == SQLITE_ROW ? sqlite3_column_count(statement->stmt) : 0;

	for (int i = 0; i < count && i < 64; i++)
		values[i] = (char *)(size_t)sqlite3_column_text(statement->stmt, i);
	if (count)
		calls_print_row(NULL, count, values, NULL);
	victim_say("step", rc, "");
}

static void call_reset(char *rest)
{
	victim_say("reset", sqlite3_reset(statement_get(&rest)->stmt), "");
}

static void call_finalize(char *rest)
{
	struct statement *statement = statement_get(&rest);
	int rc = sqlite3_finalize(statement->stmt);

	name_drop(statement->name);
	victim_say("finalize", rc, "");
}

static void call_sql(char *rest)
{
	const char *sql = sqlite3_sql(statement_get(&rest)->stmt);

	printf("sql %s\n", sql ? sql : "NULL");
}

static void call_statements(char *rest)
{
	sqlite3 *db = calls_handle(&rest);
	int count = 0;

	for (sqlite3_stmt *stmt = NULL; (stmt = sqlite3_next_stmt(db, stmt));)
		count++;
	printf("statements %d\n", count);
}

bool statements_run(const char *verb, char *rest)
{
	static const struct {
		const char *verb;
		void (*call)(char *rest);
	} calls[] = {
		{"prepare", call_prepare},   {"step", call_step}, {"reset", call_reset},
		{"finalize", call_finalize}, {"sql", call_sql},   {"statements", call_statements},
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (strcmp(calls[i].verb, verb) == 0) {
			calls[i].call(rest);
			return true;
		}
	return false;
}
