/* hook_connection.c - the hooks of functions that open, key, configure and close a connection. */
#include "base/guard.h"
#include "base/log.h"
#include "connection/error_log.h"
#include "connection/registry.h"
#include "hooks/hook.h"
#include "policy/checkpoints.h"
#include "policy/first_use.h"
#include "policy/foreign_keys.h"
#include "policy/lifecycle.h"
#include "report/report.h"
#include "sqlite/copy.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static int open_nowhere(const char *function, sqlite3 **db)
{
	log_warn_once(WARNING_NO_SQLITE, "", "%s was called, but no SQLite can be found", function);
	if (db)
		*db = NULL;
	return SQLITE_ERROR;
}

/* Before the real function, which asks for the file's size. The place of the name in the text is SQLite's to find. */
static void before_open(const char *name)
{
	if (name && strncmp(name, "file:", 5) == 0 && strstr(name, "immutable="))
		checkpoint_all();
}

/* After the real function. */
static int opened(const struct sqlite *sqlite, const struct opening *outer, int rc, sqlite3 *db, bool shared_cache,
		  const void *caller)
{
	struct connection *connection = hook_open_leave(outer);
	bool internal = guard_depth > 1 && sqlite_owns(sqlite, caller);

	if (db && !internal) {
		if (rc == SQLITE_OK)
			lifecycle_open(sqlite, db, shared_cache, connection);
		else
			lifecycle_open_failed(sqlite, db);
	}
	guard_leave();
	return rc;
}

HOOK int sqlite3_open(const char *name, sqlite3 **db)
{
	const struct sqlite *sqlite = sqlite_of_caller("sqlite3_open", HOOK_CALLER);
	struct opening outer;
	int rc;

	if (!sqlite)
		return open_nowhere("sqlite3_open", db);
	before_open(name);
	outer = hook_open_enter(sqlite, HOOK_FRAME);
	rc = sqlite->open(name, db);
	return opened(sqlite, &outer, rc, db ? *db : NULL, false, HOOK_CALLER);
}

HOOK int sqlite3_open_v2(const char *name, sqlite3 **db, int flags, const char *vfs)
{
	const struct sqlite *sqlite = sqlite_of_caller("sqlite3_open_v2", HOOK_CALLER);
	struct opening outer;
	int rc;

	if (!sqlite)
		return open_nowhere("sqlite3_open_v2", db);
	before_open(name);
	outer = hook_open_enter(sqlite, HOOK_FRAME);
	rc = sqlite->open_v2(name, db, flags, vfs);
	return opened(sqlite, &outer, rc, db ? *db : NULL, (flags & SQLITE_OPEN_SHAREDCACHE) != 0, HOOK_CALLER);
}

HOOK int sqlite3_open16(const void *name, sqlite3 **db)
{
	const struct sqlite *sqlite = sqlite_of_caller("sqlite3_open16", HOOK_CALLER);
	struct opening outer;
	int rc;

	if (!sqlite)
		return open_nowhere("sqlite3_open16", db);
	outer = hook_open_enter(sqlite, HOOK_FRAME);
	rc = sqlite->open16(name, db);
	return opened(sqlite, &outer, rc, db ? *db : NULL, false, HOOK_CALLER);
}

static int close_handle(sqlite3 *db, bool v2, const void *caller, const void *frame)
{
	struct connection *connection = registry_find(db);
	const struct sqlite *sqlite =
		connection ? connection->sqlite : sqlite_of_caller(v2 ? "sqlite3_close_v2" : "sqlite3_close", caller);
	uint64_t serial;
	char *line;
	int rc;

	if (!sqlite)
		return db ? SQLITE_MISUSE : SQLITE_OK;
	if (!connection || connection_is_embedded(connection)) /* embedded_connection.c sees these end */
		return v2 ? sqlite->close_v2(db) : sqlite->close(db);
	serial = connection->serial;
	guard_enter(frame);
	line = lifecycle_closing(connection, v2);
	registry_note_closing(connection, true);
	if (v2)
		foreign_keys_closing(connection);
	rc = v2 ? sqlite->close_v2(db) : sqlite->close(db);
	if (rc == SQLITE_OK) {
		if (line)
			report_write(line);
		registry_forget(connection, serial);
		copy_leave(sqlite);
	} else {
		registry_note_closing(connection, false);
	}
	guard_leave();
	free(line);
	return rc;
}

HOOK int sqlite3_close(sqlite3 *db)
{
	return close_handle(db, false, HOOK_CALLER, HOOK_FRAME);
}

HOOK int sqlite3_close_v2(sqlite3 *db)
{
	return close_handle(db, true, HOOK_CALLER, HOOK_FRAME);
}

HOOK int sqlite3_key(sqlite3 *db, const void *key, int bytes)
{
	const struct sqlite *sqlite;
	struct connection *connection = hook_enter(db, "sqlite3_key", HOOK_CALLER, HOOK_FRAME, &sqlite);
	int rc;

	if (!connection)
		return sqlite ? sqlite->key(db, key, bytes) : SQLITE_ERROR;
	rc = sqlite->key(db, key, bytes);
	first_use_after_key(connection);
	hook_leave(connection);
	return rc;
}

HOOK int sqlite3_key_v2(sqlite3 *db, const char *schema, const void *key, int bytes)
{
	const struct sqlite *sqlite;
	struct connection *connection = hook_enter(db, "sqlite3_key_v2", HOOK_CALLER, HOOK_FRAME, &sqlite);
	int rc;

	if (!connection)
		return sqlite ? sqlite->key_v2(db, schema, key, bytes) : SQLITE_ERROR;
	rc = sqlite->key_v2(db, schema, key, bytes);
	first_use_after_key(connection);
	hook_leave(connection);
	return rc;
}

/* SQLite's options take up to three arguments, integers of 4 or 8 bytes and pointers, each of which has a register or 8 bytes on
 * the stack. */
#define TAKE_ARGUMENTS(last)                                                                                                       \
	void *arguments[3];                                                                                                        \
	va_list list;                                                                                                              \
                                                                                                                                   \
	va_start(list, last);                                                                                                      \
	for (size_t i = 0; i < sizeof(arguments) / sizeof(arguments[0]); i++)                                                      \
		arguments[i] = va_arg(list, void *);                                                                               \
	va_end(list);

/* CPython's Connection.setconfig() comes this way, as PRAGMA foreign_keys does another. */
HOOK int sqlite3_db_config(sqlite3 *db, int option, ...)
{
	const struct sqlite *sqlite;
	struct connection *connection = hook_enter(db, "sqlite3_db_config", HOOK_CALLER, HOOK_FRAME, &sqlite);
	int rc;
	TAKE_ARGUMENTS(option)

	if (!sqlite || !sqlite->db_config) {
		rc = sqlite ? SQLITE_ERROR : SQLITE_MISUSE;
	} else {
		/* a negative value only asks */
		if (connection && option == SQLITE_DBCONFIG_ENABLE_FKEY && (int)(intptr_t)arguments[0] >= 0)
			foreign_keys_leave_to_program(connection);
		rc = sqlite->db_config(db, option, arguments[0], arguments[1], arguments[2]);
	}
	if (connection)
		hook_leave(connection);
	return rc;
}

/* SQLite calls this itself, too. */
HOOK int sqlite3_config(int option, ...)
{
	const struct sqlite *sqlite = sqlite_of_caller("sqlite3_config", HOOK_CALLER);
	TAKE_ARGUMENTS(option)

	if (!sqlite)
		return SQLITE_ERROR;
	if (option == SQLITE_CONFIG_LOG)
		error_log_config((void (**)(void *, int, const char *))(void *)&arguments[0], &arguments[1]);
	return sqlite->config(option, arguments[0], arguments[1], arguments[2]);
}
