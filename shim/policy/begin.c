/* begin.c - decides whether a BEGIN of the program's is rewritten. */
#include "policy/begin.h"

#include "connection/outcome.h"
#include "connection/pragma.h"
#include "policy/attached.h"

#include <stdio.h>
#include <stdlib.h>

/* untold: the answer for a statement of sqlite3_prepare(), which does not say. */
static bool is_vacuum(const struct sqlite *sqlite, sqlite3_stmt *stmt, bool untold)
{
	const char *sql = sqlite->sql(stmt);
	struct statement statement;
	struct sql_text text;

	if (!sql)
		return untold;
	text = sql_text_utf8(sql, -1);
	statement_read(&text, 0, &statement);
	return statement.kind == STATEMENT_VACUUM;
}

/* SQLite begins VACUUM with a BEGIN of its own, which comes to our door from inside sqlite3_step(). As BEGIN IMMEDIATE it would
 * make VACUUM fail. A copy that does not tell which statements run may be running any. */
static bool is_vacuuming(const struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;
	sqlite3_stmt *stmt = NULL;

	if (!sqlite->next_stmt || !sqlite->sql)
		return false;
	while ((stmt = sqlite->next_stmt(connection->db, stmt)))
		if ((!sqlite->stmt_busy || sqlite->stmt_busy(stmt)) && is_vacuum(sqlite, stmt, false))
			return true;
	return false;
}

bool begin_may_be_vacuum(const struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;
	sqlite3_stmt *stmt = NULL;

	while (sqlite->next_stmt && sqlite->sql && (stmt = sqlite->next_stmt(connection->db, stmt)))
		if (is_vacuum(sqlite, stmt, true))
			return true;
	return false;
}

static bool is_writable(void *argument, const char *name, const char *file)
{
	const struct connection *connection = argument;

	(void)file;
	return !sqlite_is_read_only(connection->sqlite, connection->db, name);
}

/* Before 3.34, and not yet in 3.31, BEGIN IMMEDIATE fails where a database is attached read-only. */
static bool has_read_only_attached(struct connection *connection)
{
	return connection->attached && strtol(connection->sqlite->version + 2, NULL, 10) < 34 &&
	       pragma_each_database(connection, is_writable, connection) == SQLITE_ROW;
}

/* Why a transaction cannot begin with the write lock; NULL if it can. */
static const char *obstacle_of(struct connection *connection)
{
	if (!*connection->path && !connection->attached)
		return outcome_no_file(connection);
	if (connection->shared_cache || sqlite_shares_cache(connection->sqlite, connection->db))
		return "shared cache: no timeout waits for its locks";
	if (sqlite_is_read_only(connection->sqlite, connection->db, "main"))
		return "the database is read-only";
	if (has_read_only_attached(connection))
		return "a database is attached read-only";
	if (connection->unreadable)
		return "the file is no database, or is encrypted and has no key yet";
	if (pragma_is_query_only(connection))
		return "PRAGMA query_only is on";
	if (is_vacuuming(connection))
		return "VACUUM's own";
	if (attached_has_file_twice(connection))
		return "one file is attached under two names: the connection would wait for itself";
	return NULL;
}

bool begin_rewrite(struct connection *connection, const struct statement *statement, struct rewrite *out)
{
	bool deferred = statement->begin == BEGIN_DEFERRED;
	const struct setting_value *value = settings_get(deferred ? SETTING_BEGIN_DEFERRED : SETTING_BEGIN);
	const char *obstacle;

	if (connection->attached_unchecked)
		attached_look(connection);
	if (statement->begin == BEGIN_OTHER)
		return false;
	if (value->keep)
		obstacle = deferred ? "BEGIN DEFERRED was spelt out" : "SQLPROD_BEGIN=keep";
	else
		obstacle = obstacle_of(connection);
	if (obstacle) {
		begin_not_upgraded(connection, obstacle);
		return false;
	}
	out->place = statement->mode;
	snprintf(out->words, sizeof(out->words), "%s", value->number == TRANSACTION_EXCLUSIVE ? "EXCLUSIVE" : "IMMEDIATE");
	return true;
}

/* It is RELEASE of its name that ends it, so no BEGIN IMMEDIATE can stand in for it. By its documentation it is the same as BEGIN
 * DEFERRED, at which a program is taken by its word: so that is the setting which decides. */
bool begin_savepoint(struct connection *connection)
{
	const char *obstacle = "SAVEPOINT outside of a transaction begins one as BEGIN DEFERRED does";

	if (!settings_get(SETTING_BEGIN_DEFERRED)->keep)
		obstacle = obstacle_of(connection);
	if (obstacle)
		begin_not_upgraded(connection, obstacle);
	return !obstacle;
}

void begin_upgraded(struct connection *connection, const char *obstacle)
{
	if (obstacle)
		begin_not_upgraded(connection, obstacle);
	else
		connection->begins_rewritten++;
}

void begin_not_upgraded(struct connection *connection, const char *reason)
{
	connection->begins_not_upgraded++;
	connection->begins_not_upgraded_reason = reason;
}
