/* nested_statements.c - takes SQLITE_TRACE_STMT out of the mask, and puts it back. */
#include "embedded/nested_statements.h"

#include "embedded/embedded.h"
#include "locking/file_shim.h"
#include "locking/shm_locks.h"
#include "policy/temp_memory.h"

#include <string.h>

/* The text of a trigger is a comment of SQLite's own. */
static bool is_nested(const struct embedded_connection *embedded, sqlite3_stmt *stmt, const char *text)
{
	const char *sql = strncmp(text, "-- ", 3) == 0 ? embedded->copy->sqlite->sql(stmt) : NULL;

	return sql && sql != text && strcmp(text + 3, sql) == 0;
}

/* Will SQLite give the write lock back by the shim that tells us? */
static bool has_write_lock(const struct embedded_connection *embedded)
{
	const struct connection *connection = embedded->connection;
	const struct file_shim *shim = connection->shim;

	return file_shim_serves(connection) && shim->writer_argument == embedded && !connection->shared_cache &&
	       shm_locks_is_writing(shim);
}

void nested_statements_hide(struct embedded_connection *embedded, sqlite3_stmt *stmt, const char *text)
{
	struct connection *connection = embedded->connection;

	if (!has_write_lock(embedded) || !is_nested(embedded, stmt, text) ||
	    !callback_show_statements(embedded->offsets, connection->db, embedded, false))
		return;
	embedded->hides = true;
	embedded->files_opened = embedded_files_opened();
	temp_memory_unseen(connection);
}

void nested_statements_show(struct embedded_connection *embedded)
{
	/* a statement of ours has the mask aside */
	if (!embedded->hides || embedded->connection->callbacks_suspended)
		return;
	embedded->hides = false;
	callback_show_statements(embedded->offsets, embedded->connection->db, embedded, true);
	temp_memory_ended(embedded->connection);
	/* by an ATTACH, perhaps: no statement has this address, so that it has ended */
	if (embedded->files_opened != embedded_files_opened()) {
		embedded->attaching = (sqlite3_stmt *)(void *)embedded;
		embedded->passes = PASSES_NOT;
	}
}
