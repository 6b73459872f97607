/* first_use.c - decides when the settings that need the file are applied. */
#include "policy/first_use.h"

#include "policy/apply.h"

/* Is the database file empty? Then the program may still be setting it up, even if it has read it: WAL would fix page_size and
 * auto_vacuum, and prevent a key that comes later. */
static bool is_empty(const struct connection *connection)
{
	sqlite3_file *file = *connection->path ? sqlite_file(connection->sqlite, connection->db, "main") : NULL;
	sqlite3_int64 size;

	return file && file->pMethods->xFileSize(file, &size) == SQLITE_OK && size == 0;
}

/* Does this statement use the database, rather than set something up? Not called for PRAGMAs. */
static bool is_use(struct connection *connection, const struct statement *statement)
{
	switch (statement->kind) {
	case STATEMENT_EMPTY:
	case STATEMENT_PRAGMA:
	case STATEMENT_ATTACH:
		return false;
	case STATEMENT_READ:
	case STATEMENT_EXPLAIN:
		return !is_empty(connection);
	default:
		/* BEGIN too, even in an empty file: page_size and auto_vacuum after it come too late, but otherwise some of several
		 * processes that create their schema in a transaction would get SQLITE_BUSY */
		return true;
	}
}

void first_use_at_open(struct connection *connection)
{
	if (!connection->passthrough && !is_empty(connection))
		apply_at_first_use(connection);
}

void first_use_after_key(struct connection *connection)
{
	if (connection->setup != SETUP_OPENING)
		connection->setup = SETUP_OPENED;
	connection->key_pending = true;
	connection_update_interest(connection);
}

bool first_use_tries_key(struct connection *connection)
{
	bool tries = connection->key_pending && !connection_is_embedded(connection) && !is_empty(connection);

	connection->key_pending = false;
	return tries;
}

bool first_use_before(struct connection *connection, const struct statement *statement)
{
	if (connection->setup == SETUP_OPENED) {
		if (!is_use(connection, statement) || first_use_tries_key(connection))
			return false;
		apply_at_first_use(connection);
	} else if (connection->setup == SETUP_RECHECK) {
		apply_recheck_synchronous(connection);
	} else {
		if (!connection->wal_retry_at || statement->kind == STATEMENT_PRAGMA)
			return false;
		apply_wal_again(connection, statement->kind != STATEMENT_READ && statement->kind != STATEMENT_EXPLAIN);
	}
	return connection->setup == SETUP_DONE;
}
