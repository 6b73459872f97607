/* upgrade.c - takes the write lock for a BEGIN or SAVEPOINT that has run. */
#include "policy/upgrade.h"

#include "connection/pragma.h"
#include "policy/attached.h"

#include <stdlib.h>
#include <string.h>

/* SQLITE_MAX_ATTACHED is at most 125, plus main and temp. */
#define SCHEMA_LIMIT 127

/* Does the transaction have the write lock? Before 3.34 the result of blob_open shows it. */
static bool has_write_lock(const struct connection *connection, const char *schema, int rc)
{
	if (connection->sqlite->txn_state)
		return connection->sqlite->txn_state(connection->db, schema) == SQLITE_TXN_WRITE;
	return rc == SQLITE_OK || rc == SQLITE_ERROR;
}

/* Takes the write lock by opening a row of the schema for writing, which writes nothing. An empty schema has no such row
 * (SQLITE_ERROR), but the lock is held. Source: sqlite.org/c3ref/blob_open.html, measured. */
static const char *lock(struct connection *connection, const char *schema)
{
	const struct sqlite *sqlite = connection->sqlite;
	sqlite3_blob *blob = NULL;
	int rc = sqlite->blob_open(connection->db, schema, "sqlite_master", "type", 1, 1, &blob);

	if (blob)
		sqlite->blob_close(blob);
	if (has_write_lock(connection, schema, rc))
		return NULL;
	return (rc & 0xff) == SQLITE_BUSY ? "the database stayed busy" : "SQLite did not give the write lock";
}

/* Names of the attached databases, each to be freed. */
struct names {
	char *name[SCHEMA_LIMIT];
	size_t count;
};

static bool add_name(void *argument, const char *name, const char *file)
{
	struct names *names = argument;

	(void)file;
	if (strcmp(name, "main") != 0 && strcmp(name, "temp") != 0 && (names->name[names->count] = strdup(name)))
		names->count++;
	return names->count < SCHEMA_LIMIT;
}

/* Skips read-only databases, which BEGIN IMMEDIATE only reads too. */
static const char *lock_attached(struct connection *connection)
{
	struct names names = {.count = 0};
	const char *obstacle = NULL;

	pragma_each_database(connection, add_name, &names);
	for (size_t i = 0; i < names.count; i++) {
		bool read_only = sqlite_is_read_only(connection->sqlite, connection->db, names.name[i]);
		if (!obstacle && !read_only && lock(connection, names.name[i]))
			obstacle = "an attached database stayed busy";
		free(names.name[i]);
	}
	return obstacle;
}

const char *upgrade_begin(struct connection *connection)
{
	const char *obstacle;

	if (!connection->sqlite->blob_open || !connection->sqlite->blob_close)
		return "this SQLite cannot open a blob";
	if (attached_has_file_twice(connection))
		return "one file is attached under two names: the connection would wait for itself";
	obstacle = lock(connection, "main");
	if (!obstacle && connection->attached)
		obstacle = lock_attached(connection);
	return obstacle;
}

bool upgrade_begin_again(struct connection *connection, const char *sql)
{
	const struct sqlite *sqlite = connection->sqlite;

	for (int i = 0; i < 3 && sqlite->get_autocommit(connection->db); i++)
		sqlite->exec(connection->db, sql, NULL, NULL, NULL);
	return !sqlite->get_autocommit(connection->db);
}
