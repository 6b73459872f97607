/* orphans.c - rows whose parent is missing, as SQLite itself finds them. A parent table that does not exist makes no orphan here:
 * by the promise such a row is never refused. */
#include "judge.h"

#include <stdio.h>
#include <string.h>

static bool table_exists(sqlite3 *db, const char *schema, const char *table)
{
	char sql[300];
	sqlite3_stmt *stmt = NULL;
	bool exists;

	snprintf(sql, sizeof(sql), "PRAGMA \"%s\".table_info(\"%s\")", schema, table);
	exists = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW;
	sqlite3_finalize(stmt);
	return exists;
}

/* Adds what the row holds, so that an orphan that is changed into another counts as new; without a rowid, all that the table holds.
 */
static void add_row(sqlite3 *db, const char *schema, const char *table, const char *rowid, struct result *orphans)
{
	char sql[300];
	unsigned hash = 5381;
	sqlite3_stmt *stmt = NULL;

	snprintf(sql, sizeof(sql), "SELECT * FROM \"%s\".\"%s\"%s%s", schema, table, rowid ? " WHERE rowid=" : "",
		 rowid ? rowid : "");
	sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
	while (stmt && sqlite3_step(stmt) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(stmt); i++) {
			const char *text = (const char *)sqlite3_column_text(stmt, i);

			for (hash = hash * 33 + 1; text && *text; text++)
				hash = hash * 33 + (unsigned char)*text;
		}
	}
	sqlite3_finalize(stmt);
	result_add(orphans, "|%x\n", hash);
}

static bool check(sqlite3 *db, const char *schema, struct result *orphans)
{
	char sql[100];
	sqlite3_stmt *stmt = NULL;
	int rc;

	snprintf(sql, sizeof(sql), "PRAGMA \"%s\".foreign_key_check", schema);
	rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
	while (rc == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW) {
		const char *rowid = (const char *)sqlite3_column_text(stmt, 1),
			   *parent = (const char *)sqlite3_column_text(stmt, 2);

		if (!table_exists(db, schema, parent))
			continue;
		result_add(orphans, "%s.%s|%s|%s|%d", schema, (const char *)sqlite3_column_text(stmt, 0), rowid ? rowid : "-",
			   parent, sqlite3_column_int(stmt, 3));
		add_row(db, schema, (const char *)sqlite3_column_text(stmt, 0), rowid, orphans);
	}
	if (rc == SQLITE_OK)
		rc = sqlite3_reset(stmt);
	sqlite3_finalize(stmt);
	return rc == SQLITE_OK;
}

bool orphans_find(sqlite3 *db, struct result *orphans)
{
	bool attached = table_exists(db, "aux", "sqlite_master");

	orphans->text[0] = '\0';
	return check(db, "main", orphans) && (!attached || check(db, "aux", orphans));
}

/* How often does this line occur? */
static int count_line(const char *text, const char *line, size_t length)
{
	int count = 0;

	for (; *text; text += strcspn(text, "\n") + 1)
		count += strncmp(text, line, length) == 0;
	return count;
}

bool orphans_are_new(const struct result *before, const struct result *now)
{
	const char *line = now->text;

	while (*line) {
		size_t length = strcspn(line, "\n") + 1;

		if (count_line(now->text, line, length) > count_line(before->text, line, length))
			return true;
		line += length;
	}
	return false;
}
