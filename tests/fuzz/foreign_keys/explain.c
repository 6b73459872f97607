/* explain.c - which rows foreign keys may touch when a program deletes or updates rows of a parent itself.
 *
 * Starts from the rows that the statement's WHERE names, and follows every foreign key with the values of its columns, from parent
 * to child, until nothing is added. What is lost beyond that, the program did not ask for: say, children of another row that an OR
 * REPLACE or a trigger removed. Rows in tables that a trigger writes itself are left out. */
#include "judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLES_MOST 16
#define COLUMNS_MOST 16
#define ROWS_MOST 200
#define KEYS_MOST 40

struct known_table {
	char schema[8], name[20], columns[COLUMNS_MOST][16];
	int primary[COLUMNS_MOST], width, rows;
	char *cells[ROWS_MOST][COLUMNS_MOST];
	bool affected[ROWS_MOST], any_affected;
};

struct key {
	struct known_table *child, *parent;
	int count, from[4], to[4];
};

struct explanation {
	struct known_table tables[TABLES_MOST];
	int count, key_count;
	struct key keys[KEYS_MOST];
	/* the text of all triggers */
	char triggers[8000], detail[400];
};

static struct known_table *find_table(struct explanation *explanation, const char *schema, const char *name)
{
	for (int i = 0; i < explanation->count; i++) {
		struct known_table *table = &explanation->tables[i];

		if (strcasecmp(table->name, name) == 0 && (!schema || strcmp(table->schema, schema) == 0))
			return table;
	}
	return NULL;
}

static void load_rows(sqlite3 *db, struct known_table *table)
{
	char sql[100];
	sqlite3_stmt *stmt = NULL;

	snprintf(sql, sizeof(sql), "SELECT * FROM \"%s\".\"%s\"", table->schema, table->name);
	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
		return;
	table->width = sqlite3_column_count(stmt) < COLUMNS_MOST ? sqlite3_column_count(stmt) : COLUMNS_MOST;
	for (int i = 0; i < table->width; i++)
		snprintf(table->columns[i], sizeof(table->columns[i]), "%.15s", sqlite3_column_name(stmt, i));
	while (table->rows < ROWS_MOST && sqlite3_step(stmt) == SQLITE_ROW) {
		for (int i = 0; i < table->width; i++) {
			const char *text = (const char *)sqlite3_column_text(stmt, i);

			table->cells[table->rows][i] = text ? strdup(text) : NULL;
		}
		table->rows++;
	}
	sqlite3_finalize(stmt);
}

static int column_of(const struct known_table *table, const char *name)
{
	for (int i = 0; name && i < table->width; i++) {
		if (strcasecmp(table->columns[i], name) == 0)
			return i;
	}
	return -1;
}

static void load_primary(sqlite3 *db, struct known_table *table)
{
	char sql[100];
	sqlite3_stmt *stmt = NULL;

	snprintf(sql, sizeof(sql), "PRAGMA \"%s\".table_info(\"%s\")", table->schema, table->name);
	sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
	while (stmt && sqlite3_step(stmt) == SQLITE_ROW) {
		int at = sqlite3_column_int(stmt, 5);

		if (at > 0 && at < COLUMNS_MOST)
			table->primary[at - 1] = column_of(table, (const char *)sqlite3_column_text(stmt, 1));
	}
	sqlite3_finalize(stmt);
}

static void load_keys(sqlite3 *db, struct explanation *explanation, struct known_table *child)
{
	char sql[100];
	int last = -1;
	sqlite3_stmt *stmt = NULL;

	snprintf(sql, sizeof(sql), "PRAGMA \"%s\".foreign_key_list(\"%s\")", child->schema, child->name);
	sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
	while (stmt && sqlite3_step(stmt) == SQLITE_ROW && explanation->key_count < KEYS_MOST) {
		struct known_table *parent = find_table(explanation, child->schema, (const char *)sqlite3_column_text(stmt, 2));
		const char *to = (const char *)sqlite3_column_text(stmt, 4);
		int sequence = sqlite3_column_int(stmt, 1);
		struct key *key;

		if (!parent || sequence > 3)
			continue;
		if (sqlite3_column_int(stmt, 0) != last)
			explanation->key_count++;
		last = sqlite3_column_int(stmt, 0);
		key = &explanation->keys[explanation->key_count - 1];
		key->child = child;
		key->parent = parent;
		key->from[sequence] = column_of(child, (const char *)sqlite3_column_text(stmt, 3));
		key->to[sequence] = to ? column_of(parent, to) : parent->primary[sequence];
		key->count = sequence + 1;
	}
	sqlite3_finalize(stmt);
}

static void load_schema(sqlite3 *db, struct explanation *explanation, const char *schema)
{
	char sql[200];
	size_t used = strlen(explanation->triggers);
	sqlite3_stmt *stmt = NULL;

	snprintf(sql, sizeof(sql), "SELECT type,name,sql FROM \"%s\".sqlite_master WHERE type IN('table','trigger')", schema);
	sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
	while (stmt && sqlite3_step(stmt) == SQLITE_ROW && explanation->count < TABLES_MOST) {
		struct known_table *table = &explanation->tables[explanation->count];

		if (strcmp((const char *)sqlite3_column_text(stmt, 0), "trigger") == 0) {
			snprintf(explanation->triggers + used, sizeof(explanation->triggers) - used, "%s;",
				 (const char *)sqlite3_column_text(stmt, 2));
			used += strlen(explanation->triggers + used);
			continue;
		}
		explanation->count++;
		snprintf(table->schema, sizeof(table->schema), "%s", schema);
		snprintf(table->name, sizeof(table->name), "%.19s", (const char *)sqlite3_column_text(stmt, 1));
		memset(table->primary, -1, sizeof(table->primary));
	}
	sqlite3_finalize(stmt);
}

static void row_text(const struct known_table *table, int row, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (int i = 0; i < table->width && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "|%s", table->cells[row][i] ? table->cells[row][i] : "NULL");
}

static void affect(struct known_table *table, int row)
{
	table->affected[row] = table->any_affected = true;
}

/* The rows that the statement's own WHERE names. */
static void find_named(sqlite3 *db, struct known_table *table, const char *sql)
{
	const char *where = strstr(sql, " WHERE ");
	char query[LINE_LENGTH + 100];
	sqlite3_stmt *stmt = NULL;

	snprintf(query, sizeof(query), "SELECT * FROM \"%s\".\"%s\"%s", table->schema, table->name, where ? where : "");
	if (sqlite3_prepare_v2(db, query, -1, &stmt, NULL) != SQLITE_OK)
		return;
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		for (int row = 0; row < table->rows; row++) {
			bool same = true;

			for (int i = 0; i < table->width; i++) {
				const char *text = (const char *)sqlite3_column_text(stmt, i), *cell = table->cells[row][i];

				same = same && (text && cell ? strcmp(text, cell) == 0 : text == cell);
			}
			if (same)
				affect(table, row);
		}
	}
	sqlite3_finalize(stmt);
}

static bool refers(const struct key *key, int child, int parent)
{
	for (int i = 0; i < key->count; i++) {
		const char *from, *to;

		if (key->from[i] < 0 || key->to[i] < 0)
			return false;
		from = key->child->cells[child][key->from[i]];
		to = key->parent->cells[parent][key->to[i]];
		if (!from || !to || strcmp(from, to) != 0)
			return false;
	}
	return true;
}

static bool follow(const struct key *key)
{
	bool added = false;

	for (int parent = 0; parent < key->parent->rows; parent++) {
		for (int child = 0; key->parent->affected[parent] && child < key->child->rows; child++) {
			if (!key->child->affected[child] && refers(key, child, parent)) {
				affect(key->child, child);
				added = true;
			}
		}
	}
	return added;
}

struct explanation *explain_begin(sqlite3 *db, const char *name, const char *sql)
{
	struct explanation *explanation = calloc(1, sizeof(*explanation));
	struct known_table *table;
	bool added = true;

	load_schema(db, explanation, "main");
	load_schema(db, explanation, "aux");
	for (int i = 0; i < explanation->count; i++) {
		load_rows(db, &explanation->tables[i]);
		load_primary(db, &explanation->tables[i]);
	}
	for (int i = 0; i < explanation->count; i++)
		load_keys(db, explanation, &explanation->tables[i]);
	table = find_table(explanation, NULL, name);
	if (table)
		find_named(db, table, sql);
	while (added) {
		added = false;
		for (int i = 0; i < explanation->key_count; i++)
			added = follow(&explanation->keys[i]) || added;
	}
	return explanation;
}

void explain_end(struct explanation *explanation)
{
	for (int i = 0; i < explanation->count; i++) {
		for (int row = 0; row < explanation->tables[i].rows; row++) {
			for (int column = 0; column < explanation->tables[i].width; column++)
				free(explanation->tables[i].cells[row][column]);
		}
	}
	free(explanation);
}

/* Does a trigger write this table itself? */
static bool is_triggered(const struct explanation *explanation, const char *name)
{
	char form[60];
	static const char *const verbs[] = {"INTO",      "FROM",     "UPDATE",  "OR REPLACE",
					    "OR IGNORE", "OR ABORT", "OR FAIL", "OR ROLLBACK"};

	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
		snprintf(form, sizeof(form), "%s %s", verbs[i], name);
		if (strstr(explanation->triggers, form))
			return true;
	}
	return false;
}

/* May this row of a dump, "schema.table|cells", be touched? */
static bool is_explained(struct explanation *explanation, const char *line, size_t length)
{
	char schema[8] = "", name[20] = "", text[600];
	struct known_table *table;
	bool known = false;
	const char *cells = memchr(line, '|', length);

	if (!cells || sscanf(line, "%7[a-z].%19[^|\n]", schema, name) != 2)
		return false;
	table = find_table(explanation, schema, name);
	if (!table || is_triggered(explanation, name))
		return true;
	for (int row = 0; row < table->rows; row++) {
		row_text(table, row, text, sizeof(text));
		if (strlen(text) == (size_t)(line + length - cells) && strncmp(text, cells, strlen(text)) == 0) {
			known = true;
			if (table->affected[row])
				return true;
		}
	}
	/* the statement itself has made this row, out of one of its own */
	return !known && table->any_affected;
}

const char *explain_missing(struct explanation *explanation, const char *without, const char *with)
{
	for (const char *line = without; *line; line += strcspn(line, "\n") + 1) {
		size_t length = strcspn(line, "\n");
		const char *found = with;

		while (*found && (strncmp(found, line, length + 1) != 0))
			found += strcspn(found, "\n") + 1;
		if (!*found && !is_explained(explanation, line, length)) {
			snprintf(explanation->detail, sizeof(explanation->detail), "%.*s", (int)length, line);
			return explanation->detail;
		}
	}
	return NULL;
}
