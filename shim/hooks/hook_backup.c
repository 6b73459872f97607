/* hook_backup.c - interposition of sqlite3_backup_init(): WAL by recipe forbids no backup that was possible without it. */
#include "base/guard.h"
#include "connection/registry.h"
#include "hooks/hook.h"
#include "policy/page_size.h"

#include <strings.h>

/* One connection is locked at a time, as SQLite itself locks both. Of the source nothing is asked where it does not matter. */
static int source_page_size(sqlite3 *db, const char *schema, const void *caller, const void *frame)
{
	const struct sqlite *sqlite;
	struct connection *connection = db && schema ? hook_enter(db, "sqlite3_backup_init", caller, frame, &sqlite) : NULL;
	int size = 0;

	if (connection) {
		size = page_size_read(connection, schema);
		hook_leave(connection);
	}
	return size;
}

static void prepare_target(struct connection *target, sqlite3 *source, const char *schema, const void *caller, const void *frame)
{
	int size;

	connection_unlock(target);
	size = source_page_size(source, schema, caller, frame);
	connection_lock(target);
	if (size > 0)
		page_size_before_backup(target, size);
}

HOOK sqlite3_backup *sqlite3_backup_init(sqlite3 *target, const char *target_schema, sqlite3 *source, const char *source_schema)
{
	const struct sqlite *sqlite;
	struct connection *connection = hook_enter(target, "sqlite3_backup_init", HOOK_CALLER, HOOK_FRAME, &sqlite);

	if (connection) {
		if (target != source && target_schema && strcasecmp(target_schema, "main") == 0 && page_size_is_fixed(connection))
			prepare_target(connection, source, source_schema, HOOK_CALLER, HOOK_FRAME);
		hook_leave(connection);
	}
	return sqlite && sqlite->backup_init ? sqlite->backup_init(target, target_schema, source, source_schema) : NULL;
}
