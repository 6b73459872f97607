/* foreign_keys.c - keeps foreign_keys=ON by recipe from deleting rows. */
#include "foreign_keys.h"

#include "apply.h"
#include "report.h"

#include <stdio.h>

/* What a foreign key does to its child rows when the parent row goes, other than to refuse. */
#define HAS_DELETE_ACTION "f.on_delete NOT IN('NO ACTION','RESTRICT')"

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

int foreign_keys_authorize(void *argument, int action, const char *first, const char *second, const char *schema,
			   const char *trigger)
{
	struct connection *connection = argument;
	const struct authorizer_slot *program = &connection->authorizer;

	if ((action == SQLITE_DROP_TABLE || action == SQLITE_DROP_TEMP_TABLE) && connection->foreign_keys == FOREIGN_KEYS_OURS &&
	    foreign_keys_are_on(connection)) {
		foreign_keys_set(connection, false);
		connection->foreign_keys = FOREIGN_KEYS_SUSPENDED;
		connection_set_watch(connection);
	}
	return program->authorizer ? program->authorizer(program->argument, action, first, second, schema, trigger) : SQLITE_OK;
}

void foreign_keys_resume(struct connection *connection)
{
	if (connection->foreign_keys != FOREIGN_KEYS_SUSPENDED)
		return;
	foreign_keys_set(connection, true);
	connection->foreign_keys = FOREIGN_KEYS_OURS;
	connection_set_watch(connection);
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
	outcome->got = FOREIGN_KEYS_OFF;
	outcome->reason = reason;
	report_warn_once(REPORT_FOREIGN_KEYS_YIELD, connection->path,
			 "foreign_keys left off for %s: %s; set SQLPROD_FOREIGN_KEYS=on to enforce them all the same",
			 connection->path, reason);
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

/* A query that this SQLite does not know (pragma functions came with 3.16) counts as an answer: rows are dearer than enforcement.
 * Where the database cannot be read, the program's statement cannot delete anything either. */
static bool finds(struct connection *connection, const char *query)
{
	char answer[2];
	int rc = apply_run(connection, query, answer, sizeof(answer));

	return rc == SQLITE_ERROR || answer[0] == '1';
}

/* Is the target of this REPLACE the parent of a foreign key with an ON DELETE action? */
static bool replace_deletes(struct connection *connection, const struct sql_text *text, const struct statement *statement)
{
	char name[256], table[520] = "''", schema[520] = "main", query[1400];

	if (statement->table.start == statement->table.end || span_copy(text, statement->table, name, sizeof(name)) >= sizeof(name))
		return true;
	quote(name, '\'', table, sizeof(table));
	if (statement->table_schema.start != statement->table_schema.end) {
		if (span_copy(text, statement->table_schema, name, sizeof(name)) >= sizeof(name))
			return true;
		quote(name, '"', schema, sizeof(schema));
	}
	snprintf(query, sizeof(query),
		 "SELECT 1 FROM %s.sqlite_master m,pragma_foreign_key_list(m.name)f WHERE m.type='table'"
		 " AND f.\"table\"=%s COLLATE NOCASE AND " HAS_DELETE_ACTION " LIMIT 1",
		 schema, table);
	return finds(connection, query);
}

/* Does the schema itself hold a REPLACE (ON CONFLICT REPLACE, or one inside a trigger) next to a foreign key with an ON DELETE
 * action? */
static bool schema_deletes(struct connection *connection)
{
	return finds(connection,
		     "SELECT 1 FROM sqlite_master m,pragma_foreign_key_list(m.name)f WHERE m.type='table' AND " HAS_DELETE_ACTION
		     " AND EXISTS(SELECT 1 FROM sqlite_master WHERE sql LIKE '%CONFLICT%REPLACE%' OR sql LIKE '%OR%REPLACE%INTO%'"
		     " OR type='trigger' AND sql LIKE '%REPLACE%INTO%')LIMIT 1");
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
		connection->schema_unchecked = true;
		break;
	case STATEMENT_REPLACE:
		if (replace_deletes(connection, text, statement)) {
			yield(connection, "the program replaces rows that ON DELETE actions depend on");
			break;
		}
		/* fall through */
	case STATEMENT_WRITE:
		if (connection->schema_unchecked && schema_deletes(connection))
			yield(connection, "the schema replaces rows by itself, and has ON DELETE actions");
		connection->schema_unchecked = false;
		break;
	default:
		break;
	}
}
