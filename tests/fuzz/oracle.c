/* oracle.c - what the real SQLite says about a statement: its authorizer shows what the parser has recognized. */
#include "oracle.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every row of t that REPLACE removes would remove rows of kept: the authorizer hears of that. */
static const char schema[] = "CREATE TABLE t(a INTEGER PRIMARY KEY, b UNIQUE, c);"
			     "CREATE TABLE kept(x REFERENCES t ON DELETE CASCADE);"
			     "CREATE TABLE \"replace\"(a, b);"
			     "CREATE VIEW v AS SELECT a, b FROM t;"
			     "CREATE INDEX i ON t(c);"
			     "ATTACH ':memory:' AS other;"
			     "CREATE TABLE other.u(a UNIQUE, b);"
			     "CREATE TEMP TABLE w(a UNIQUE, b);";

static struct verdict *current;

static void keep(char *out, const char *text)
{
	snprintf(out, ORACLE_TEXT_MOST, "%s", text == NULL ? "" : text);
}

static void hear_write(int action, const char *table, const char *where)
{
	/* The first use of a table-valued function notes its columns there, whatever the statement. */
	if (strcmp(table, "sqlite_master") == 0)
		return;
	if (action == SQLITE_DELETE && strcmp(table, "kept") == 0)
		current->cascade = true;
	if (current->write != 0)
		return;
	current->write = action;
	keep(current->write_table, table);
	keep(current->write_schema, where);
}

/* PRAGMAs are ignored: many take effect when they are prepared. */
static int hear(void *unused, int action, const char *first, const char *second, const char *where, const char *trigger)
{
	(void)unused;
	(void)trigger;
	if (current == NULL)
		return SQLITE_OK;
	switch (action) {
	case SQLITE_TRANSACTION:
		current->begin |= strcmp(first, "BEGIN") == 0;
		break;
	case SQLITE_SAVEPOINT:
		current->savepoint |= strcmp(first, "BEGIN") == 0;
		break;
	case SQLITE_ATTACH:
		current->attach = true;
		break;
	case SQLITE_DROP_TABLE:
	case SQLITE_DROP_TEMP_TABLE:
		current->drop_table = true;
		break;
	case SQLITE_SELECT:
		current->select = true;
		break;
	case SQLITE_INSERT:
	case SQLITE_UPDATE:
	case SQLITE_DELETE:
		hear_write(action, first, where);
		break;
	case SQLITE_PRAGMA:
		current->pragma = true;
		current->has_schema = where != NULL;
		current->has_value = second != NULL;
		keep(current->schema, where);
		keep(current->name, first);
		keep(current->value, second);
		return SQLITE_IGNORE;
	default:
		break;
	}
	return SQLITE_OK;
}

static sqlite3 *database(void)
{
	static sqlite3 *db;

	if (db != NULL)
		return db;
	if (sqlite3_open(":memory:", &db) != SQLITE_OK ||
	    sqlite3_exec(db, "PRAGMA temp_store=memory; PRAGMA foreign_keys=on;", NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_exec(db, schema, NULL, NULL, NULL) != SQLITE_OK || sqlite3_set_authorizer(db, hear, NULL) != SQLITE_OK) {
		fprintf(stderr, "the oracle has no database: %s\n", sqlite3_errmsg(db));
		abort();
	}
	return db;
}

static void judge(sqlite3_stmt *stmt, int rc, struct verdict *out)
{
	out->rc = rc;
	snprintf(out->message, sizeof(out->message), "%s", sqlite3_errmsg(database()));
	out->empty = rc == SQLITE_OK && stmt == NULL;
	if (stmt != NULL) {
		out->explain = sqlite3_stmt_isexplain(stmt) != 0;
		out->readonly = sqlite3_stmt_readonly(stmt) != 0;
		sqlite3_finalize(stmt);
	}
	current = NULL;
}

static void forget(struct verdict *out)
{
	memset(out, 0, offsetof(struct verdict, message));
	out->message[0] = out->schema[0] = out->name[0] = out->value[0] = out->write_schema[0] = out->write_table[0] = '\0';
}

void oracle_ask(const char *sql, int bytes, struct verdict *out)
{
	sqlite3 *db = database();
	sqlite3_stmt *stmt = NULL;
	const char *tail = sql;
	int rc;

	forget(out);
	current = out;
	rc = sqlite3_prepare_v2(db, sql, bytes, &stmt, &tail);
	judge(stmt, rc, out);
	out->tail = (size_t)(tail - sql);
}

void oracle_ask_wide(const void *sql, int bytes, struct verdict *out)
{
	sqlite3 *db = database();
	sqlite3_stmt *stmt = NULL;
	const void *tail = sql;
	int rc;

	forget(out);
	current = out;
	rc = sqlite3_prepare16_v2(db, sql, bytes, &stmt, &tail);
	judge(stmt, rc, out);
	out->tail = (size_t)((const char *)tail - (const char *)sql);
}
