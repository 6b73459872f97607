/* hook_backup.c - interposition of sqlite3_backup_init() and sqlite3_backup_finish(): WAL by recipe forbids no backup that was
 * possible without it. */
#include "base/guard.h"
#include "connection/registry.h"
#include "hooks/hook.h"
#include "policy/page_size.h"
#include "policy/wal_image.h"

#include <stdatomic.h>
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

/* Backups that are under way onto a database of the memdb VFS. */
static atomic_uint onto_memory;

HOOK sqlite3_backup *sqlite3_backup_init(sqlite3 *target, const char *target_schema, sqlite3 *source, const char *source_schema)
{
	const struct sqlite *sqlite;
	struct connection *connection = hook_enter(target, "sqlite3_backup_init", HOOK_CALLER, HOOK_FRAME, &sqlite);
	bool is_main = connection && target != source && target_schema && strcasecmp(target_schema, "main") == 0;
	sqlite3_backup *backup;

	if (is_main && page_size_is_fixed(connection))
		prepare_target(connection, source, source_schema, HOOK_CALLER, HOOK_FRAME);
	if (connection)
		hook_leave(connection);
	if (!sqlite || !sqlite->backup_init)
		return NULL;
	backup = sqlite->backup_init(target, target_schema, source, source_schema);
	if (is_main && backup && wal_image_is_memory(connection)) {
		connection->backup_onto = backup;
		atomic_fetch_add(&onto_memory, 1);
	}
	return backup;
}

struct target {
	const sqlite3_backup *backup;
	sqlite3 *db;
};

static void look_for_target(struct connection *connection, void *argument)
{
	struct target *target = argument;

	if (connection->backup_onto == target->backup && !connection->closing) {
		connection->backup_onto = NULL;
		target->db = connection->db;
	}
}

/* The target of a backup onto memory, which then is none any more; NULL of any other. */
static sqlite3 *target_of(const sqlite3_backup *backup)
{
	struct target target = {.backup = backup};

	if (backup && atomic_load(&onto_memory) > 0)
		registry_visit(look_for_target, &target);
	if (target.db)
		atomic_fetch_sub(&onto_memory, 1);
	return target.db;
}

HOOK int sqlite3_backup_finish(sqlite3_backup *backup)
{
	const struct sqlite *sqlite = sqlite_of_caller("sqlite3_backup_finish", HOOK_CALLER);
	sqlite3 *target = target_of(backup);
	struct connection *connection = target ? registry_find(target) : NULL;
	int rc;

	if (connection)
		sqlite = connection->sqlite;
	if (!sqlite || !sqlite->backup_finish)
		return SQLITE_OK;
	rc = sqlite->backup_finish(backup);
	if (rc == SQLITE_OK && connection && !journal_mode_is_programs_choice()) {
		connection_lock(connection);
		wal_image_end_backup(connection);
		connection_unlock(connection);
	}
	return rc;
}
