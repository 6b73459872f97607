/* judge_sql.c - what a line's SQL is about. */
#include "judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Puts values for ?1, ?2 and so on. */
static void substitute(const char *sql, const char *values, char *out, size_t size)
{
	size_t used = 0;

	for (; *sql && used + 8 < size; sql++) {
		const char *value = values;

		if (*sql != '?') {
			out[used++] = *sql;
			continue;
		}
		for (int n = atoi(++sql); n > 1 && *value; n--) {
			value += strcspn(value, ",");
			value += *value == ',';
		}
		used += (size_t)snprintf(out + used, size - used, "%.*s", *value && *value != 'N' ? (int)strcspn(value, ",") : 4,
					 *value && *value != 'N' ? value : "NULL");
	}
	out[used] = '\0';
}

bool judge_sql(struct judge *judge, const char *text, char *sql, size_t size)
{
	struct line line = line_read(text);
	const struct statement *statement;

	sql[0] = '\0';
	if (strcmp(line.verb, "exec") == 0 || strcmp(line.verb, "run") == 0) {
		snprintf(sql, size, "%s", line.rest);
		return true;
	}
	statement = strcmp(line.verb, "step") == 0 ? world_find(&judge->twin, line.name) : NULL;
	if (statement)
		substitute(statement->sql, line.rest, sql, size);
	return statement;
}

bool judge_starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* The table of a DELETE or UPDATE. */
bool judge_own_table(const char *sql, char *table, size_t size)
{
	const char *name = judge_starts(sql, "DELETE FROM ") ? sql + 12
			   : judge_starts(sql, "UPDATE OR ") ? strchr(sql + 10, ' ')
							     : sql + 6;

	if ((!judge_starts(sql, "DELETE FROM ") && !judge_starts(sql, "UPDATE ")) || !name)
		return false;
	name += *name == ' ';
	snprintf(table, size, "%.*s", (int)strcspn(name, " "), name);
	return true;
}

static bool asks(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	bool found = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW;

	sqlite3_finalize(stmt);
	return found;
}

bool judge_is_parent(sqlite3 *db, const char *table)
{
	char sql[300];

	for (int i = 0; i < 2; i++) {
		snprintf(sql, sizeof(sql),
			 "SELECT 1 FROM %s.sqlite_master WHERE sql LIKE '%%REFERENCES %s%%' OR sql LIKE '%%REFERENCES \"%s\"%%'",
			 i ? "aux" : "main", table, table);
		if (asks(db, sql))
			return true;
	}
	return false;
}

bool judge_has_same_names(sqlite3 *db)
{
	return asks(db, "SELECT 1 FROM main.sqlite_master WHERE name IN(SELECT name FROM aux.sqlite_master)");
}

bool judge_is_plain(sqlite3 *db, const char *sql)
{
	static const char *const reasons = "sql LIKE '%TRIGGER%' OR sql LIKE '%ON CONFLICT%'";
	char query[200];

	snprintf(query, sizeof(query), "SELECT 1 FROM main.sqlite_master WHERE %s", reasons);
	if (strstr(sql, " OR ") || strstr(sql, "ON CONFLICT") || strstr(sql, "REPLACE") || strchr(sql, ';') || asks(db, query))
		return false;
	snprintf(query, sizeof(query), "SELECT 1 FROM aux.sqlite_master WHERE %s", reasons);
	return !asks(db, query);
}
