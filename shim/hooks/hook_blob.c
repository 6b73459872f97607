/* hook_blob.c - interposition of sqlite3_blob_open(): foreign keys by recipe forbid no writing that was possible without them. */
#include "base/guard.h"
#include "hooks/hook.h"
#include "policy/foreign_keys.h"

struct blob_call {
	const struct sqlite *sqlite;
	sqlite3 *db;
	const char *schema, *table, *column;
	sqlite3_int64 row;
	int flags;
	sqlite3_blob **blob;
};

static int open_blob(void *argument)
{
	const struct blob_call *call = argument;

	return call->sqlite->blob_open(call->db, call->schema, call->table, call->column, call->row, call->flags, call->blob);
}

HOOK int sqlite3_blob_open(sqlite3 *db, const char *schema, const char *table, const char *column, sqlite3_int64 row, int flags,
			   sqlite3_blob **blob)
{
	struct blob_call call = {NULL, db, schema, table, column, row, flags, blob};
	struct connection *connection = hook_enter(db, "sqlite3_blob_open", HOOK_CALLER, HOOK_FRAME, &call.sqlite);
	int rc = SQLITE_ERROR;

	if (call.sqlite && call.sqlite->blob_open)
		rc = connection ? foreign_keys_open_blob(connection, table, open_blob, &call) : open_blob(&call);
	if (connection)
		hook_leave(connection);
	return rc;
}
