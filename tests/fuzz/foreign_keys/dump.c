/* dump.c - all that a connection sees, as text: one line a row, sorted within its table. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MOST 400

static int compare(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

/* The rows of a query, each after a prefix. */
static void dump_query(sqlite3 *db, const char *prefix, const char *sql, struct result *result)
{
	char *rows[ROWS_MOST];
	size_t count = 0;
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);

	while (rc == SQLITE_OK && count < ROWS_MOST && sqlite3_step(stmt) == SQLITE_ROW) {
		struct result row;

		row.text[0] = '\0';
		for (int i = 0; i < sqlite3_column_count(stmt); i++) {
			const char *text = (const char *)sqlite3_column_text(stmt, i);

			result_add(&row, "|%s", text ? text : "NULL");
		}
		rows[count++] = strdup(row.text);
	}
	if (rc == SQLITE_OK)
		rc = sqlite3_reset(stmt);
	if (rc != SQLITE_OK)
		result_add(result, "%s failed with %d %s\n", prefix, rc, sqlite3_errmsg(db));
	sqlite3_finalize(stmt);
	qsort(rows, count, sizeof(*rows), compare);
	for (size_t i = 0; i < count; i++) {
		result_add(result, "%s%s\n", prefix, rows[i]);
		free(rows[i]);
	}
}

static void dump_schema(sqlite3 *db, const char *schema, struct result *result)
{
	char sql[300], *names[40];
	const char *master = strcmp(schema, "temp") == 0 ? "sqlite_temp_master" : "sqlite_master";
	size_t count = 0;
	sqlite3_stmt *stmt = NULL;

	snprintf(sql, sizeof(sql), "SELECT type,name,tbl_name,sql FROM \"%s\".%s", schema, master);
	dump_query(db, schema, sql, result);
	snprintf(sql, sizeof(sql), "SELECT name FROM \"%s\".%s WHERE type='table' ORDER BY name", schema, master);
	sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
	while (count < 40 && stmt && sqlite3_step(stmt) == SQLITE_ROW)
		names[count++] = strdup((const char *)sqlite3_column_text(stmt, 0));
	sqlite3_finalize(stmt);
	for (size_t i = 0; i < count; i++) {
		char prefix[100];

		snprintf(sql, sizeof(sql), "SELECT * FROM \"%s\".\"%s\"", schema, names[i]);
		snprintf(prefix, sizeof(prefix), "%s.%s", schema, names[i]);
		dump_query(db, prefix, sql, result);
		free(names[i]);
	}
}

void world_dump(sqlite3 *db, struct result *result)
{
	char schemas[4][20];
	size_t count = 0;
	sqlite3_stmt *stmt = NULL;

	sqlite3_prepare_v2(db, "PRAGMA database_list", -1, &stmt, NULL);
	while (stmt && count < 4 && sqlite3_step(stmt) == SQLITE_ROW)
		snprintf(schemas[count++], sizeof(schemas[0]), "%s", (const char *)sqlite3_column_text(stmt, 1));
	sqlite3_finalize(stmt);
	for (size_t i = 0; i < count; i++)
		dump_schema(db, schemas[i], result);
	result->rc = SQLITE_OK;
}
