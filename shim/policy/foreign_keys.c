/* foreign_keys.c - keeps foreign_keys=ON by recipe from deleting rows. */
#include "policy/foreign_keys.h"

#include "base/log.h"
#include "connection/pragma.h"
#include "sqlite/callbacks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool foreign_keys_set(struct connection *connection, bool on)
{
	int now = !on;

	if (connection->sqlite->db_config)
		connection->sqlite->db_config(connection->db, SQLITE_DBCONFIG_ENABLE_FKEY, (int)on, &now);
	return now == on;
}

bool foreign_keys_are_on(struct connection *connection)
{
	int now = 0;

	if (connection->sqlite->db_config)
		connection->sqlite->db_config(connection->db, SQLITE_DBCONFIG_ENABLE_FKEY, -1, &now);
	return now;
}

static void suspend(struct connection *connection)
{
	foreign_keys_set(connection, false);
	connection->foreign_keys = FOREIGN_KEYS_SUSPENDED;
	connection_update_interest(connection);
}

int foreign_keys_authorize(void *argument, int action, const char *first, const char *second, const char *schema,
			   const char *trigger)
{
	struct connection *connection = argument;
	const struct authorizer_callback *program = &connection->authorizer;

	if (connection->callbacks_suspended)
		return SQLITE_OK;
	if ((action == SQLITE_DROP_TABLE || action == SQLITE_DROP_TEMP_TABLE) && connection->foreign_keys == FOREIGN_KEYS_OURS &&
	    foreign_keys_are_on(connection)) {
		suspend(connection);
	}
	return program->authorizer ? program->authorizer(program->argument, action, first, second, schema, trigger) : SQLITE_OK;
}

void foreign_keys_resume(struct connection *connection)
{
	if (connection->foreign_keys != FOREIGN_KEYS_SUSPENDED)
		return;
	foreign_keys_set(connection, true);
	connection->foreign_keys = FOREIGN_KEYS_OURS;
	connection_update_interest(connection);
}

static void guard_drop(struct connection *connection)
{
	if (connection->foreign_keys_guarded)
		return;
	connection->foreign_keys_guarded = true;
	connection->sqlite->set_authorizer(connection->db, foreign_keys_authorize, connection);
}

static void yield(struct connection *connection, const char *reason)
{
	struct outcome *outcome = &connection->outcomes[SETTING_FOREIGN_KEYS];

	foreign_keys_set(connection, false);
	connection->foreign_keys = FOREIGN_KEYS_NOT_OURS;
	connection->foreign_keys_guarded = false;
	if (!connection->authorizer.authorizer)
		connection->sqlite->set_authorizer(connection->db, NULL, NULL);
	outcome->got = FOREIGN_KEYS_OFF;
	outcome->reason = reason;
	log_warn_once(WARNING_FOREIGN_KEYS_YIELD, connection->path,
		      "foreign_keys left off for %s: %s; set SQLPROD_FOREIGN_KEYS=on to enforce them all the same",
		      connection->path, reason);
}

/* Every switching makes prepared statements invalid. Those of sqlite3_prepare_v2() are compiled again, those of sqlite3_prepare()
 * fail: so there must be no switching once there is one. */
void foreign_keys_before_v1(struct connection *connection)
{
	if (connection->foreign_keys != FOREIGN_KEYS_NOT_OURS)
		yield(connection, "statements of sqlite3_prepare() do not survive that DROP TABLE needs them off");
}

void foreign_keys_before_unseen(struct connection *connection)
{
	if (connection->foreign_keys != FOREIGN_KEYS_NOT_OURS)
		yield(connection, "there was no memory to look at the program's statements");
}

/* With foreign_keys on, SQLite changes the children's REFERENCES when a parent is renamed, which it otherwise does not in legacy
 * mode: the old recipe to rebuild a table would leave them pointing at one that is gone. Before 3.26 that mode is the only one. */
static bool is_legacy_rename(struct connection *connection, const struct sql_text *text, const struct statement *statement)
{
	struct span word = {statement->start, statement->start + 5};
	char answer[4];

	if (word.end > text->length || !span_is(text, word, "alter"))
		return false;
	return pragma_run(connection, "PRAGMA legacy_alter_table", answer, sizeof(answer)) != SQLITE_OK || answer[0] != '0';
}

/* Doubles quotes and adds them around: a name for use inside SQL. */
static void quote(const char *name, char mark, char *out, size_t size)
{
	size_t n = 0;

	out[n++] = mark;
	for (; *name && n + 3 < size; name++) {
		if (*name == mark)
			out[n++] = mark;
		out[n++] = *name;
	}
	out[n++] = mark;
	out[n] = '\0';
}

/* Too large for the stack of a thread that has just enough for SQLite. */
struct question {
	char query[2400], old_query[1600], parent[600], holds[1200];
};

/* Is the answer yes where SQLite could not say? Rows are dearer than enforcement (the database is locked), unless the program's
 * statement must fail too. */
static bool is_yes_in_doubt(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_NOTADB:
	case SQLITE_CANTOPEN:
	case SQLITE_CORRUPT:
		return false;
	default:
		return true;
	}
}

/* Before SQLite 3.16 there are no pragma functions: then a foreign key with any word DELETE near it counts. */
static bool finds(struct connection *connection, const struct question *q)
{
	char answer[2];
	int rc = pragma_run(connection, q->query, answer, sizeof(answer));

	if (rc == SQLITE_ERROR)
		rc = pragma_run(connection, q->old_query, answer, sizeof(answer));
	return rc == SQLITE_OK ? answer[0] == '1' : is_yes_in_doubt(rc);
}

/* Does this schema have a foreign key with an ON DELETE action that does more than refuse? table, a quoted string, limits the
 * question to one parent; with replacing, only a schema that holds a REPLACE itself (ON CONFLICT REPLACE, or one inside a trigger)
 * counts. schema is quoted. */
static bool schema_deletes(struct connection *connection, const char *schema, const char *table, bool replacing)
{
	const char *master = strcmp(schema, "\"temp\"") == 0 ? "sqlite_temp_master" : "sqlite_master";
	struct question *q = calloc(1, sizeof(*q));
	bool found;

	/* rows are dearer than enforcement */
	if (!q)
		return true;
	if (table)
		snprintf(q->parent, sizeof(q->parent), " AND f.\"table\"=%s COLLATE NOCASE", table);
	if (replacing)
		snprintf(q->holds, sizeof(q->holds), " AND EXISTS(SELECT 1 FROM %s.%s WHERE upper(sql)GLOB'*REPLACE*')", schema,
			 master);
	snprintf(q->query, sizeof(q->query),
		 "SELECT 1 FROM %s.%s m,pragma_foreign_key_list(m.name,%s)f WHERE m.type='table'"
		 " AND f.on_delete NOT IN('NO ACTION','RESTRICT')%s%s LIMIT 1",
		 schema, master, schema, q->parent, q->holds);
	snprintf(q->old_query, sizeof(q->old_query),
		 "SELECT 1 FROM %s.%s WHERE upper(sql)GLOB'*REFERENCES*'AND upper(sql)GLOB'*DELETE*'%s LIMIT 1", schema, master,
		 q->holds);
	found = finds(connection, q);
	free(q);
	return found;
}

struct parent {
	struct connection *connection;
	const char *table;
	bool replacing;
};

static bool goes_on(void *argument, const char *name, const char *file)
{
	const struct parent *parent = argument;
	char schema[520];

	(void)file;
	quote(name, '"', schema, sizeof(schema));
	return !schema_deletes(parent->connection, schema, parent->table, parent->replacing);
}

/* The same for all schemas that a name without one could mean. */
static bool any_schema_deletes(struct connection *connection, const char *table, bool replacing)
{
	struct parent parent = {.connection = connection, .table = table, .replacing = replacing};
	int rc = pragma_each_database(connection, goes_on, &parent);

	return rc == SQLITE_ROW || (rc != SQLITE_DONE && is_yes_in_doubt(rc));
}

/* Is the target of this REPLACE the parent of such a foreign key? */
static bool replace_deletes(struct connection *connection, const struct sql_text *text, const struct statement *statement)
{
	char name[256], table[520], schema[520];

	if (statement->table.start == statement->table.end || span_copy(text, statement->table, name, sizeof(name)) >= sizeof(name))
		return any_schema_deletes(connection, NULL, false);
	quote(name, '\'', table, sizeof(table));
	if (statement->table_schema.start == statement->table_schema.end)
		return any_schema_deletes(connection, table, false);
	if (span_copy(text, statement->table_schema, name, sizeof(name)) >= sizeof(name))
		return any_schema_deletes(connection, table, false);
	quote(name, '"', schema, sizeof(schema));
	return schema_deletes(connection, schema, table, false);
}

void foreign_keys_before(struct connection *connection, const struct sql_text *text, const struct statement *statement)
{
	foreign_keys_resume(connection);
	switch (statement->kind) {
	case STATEMENT_DROP_TABLE:
		guard_drop(connection);
		connection->schema_unchecked = true;
		break;
	case STATEMENT_SCHEMA:
		if (is_legacy_rename(connection, text, statement))
			suspend(connection);
		connection->schema_unchecked = true;
		break;
	case STATEMENT_REPLACE:
		if (replace_deletes(connection, text, statement)) {
			yield(connection, "the program replaces rows that ON DELETE actions depend on");
			break;
		}
		/* fall through */
	case STATEMENT_WRITE:
		if (connection->schema_unchecked && any_schema_deletes(connection, NULL, true))
			yield(connection, "the schema replaces rows by itself, and has ON DELETE actions");
		connection->schema_unchecked = false;
		break;
	default:
		break;
	}
}
