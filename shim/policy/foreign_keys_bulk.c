/* foreign_keys_bulk.c - transactions in which very many rows come before their parents. */
#include "policy/foreign_keys_bulk.h"

#include "base/guard.h"
#include "connection/callbacks.h"
#include "connection/pragma.h"
#include "connection/registry.h"

#include <stdio.h>
#include <stdlib.h>

/* Rows read in scans while orphans wait: some 50 ms. */
#define SCANNED_MOST 200000

_Atomic unsigned short foreign_keys_bulk_count;

void foreign_keys_bulk_arm(struct connection *connection)
{
	const struct foreign_keys *keys = &connection->foreign_keys;

	if (keys->defers && keys->bits->by_schema && sqlite_is_alone(connection->sqlite) && connection->sqlite->stmt_status)
		atomic_store_explicit(&foreign_keys_bulk_count, keys->bits->by_flag, memory_order_relaxed);
}

/* Does the child's parent exist? A row whose parent table is missing is never refused. */
static bool has_parent(struct connection *connection, const char *parent)
{
	char sql[300], answer[8];
	size_t n = 0;

	n += (size_t)snprintf(sql, sizeof(sql), "PRAGMA table_info(\"");
	for (; parent && *parent && n + 6 < sizeof(sql); parent++) {
		if (*parent == '"')
			sql[n++] = '"';
		sql[n++] = *parent;
	}
	snprintf(sql + n, sizeof(sql) - n, "\")");
	return pragma_run_raw(connection, sql, answer, sizeof(answer)) == SQLITE_OK && *answer;
}

/* All orphans of the connection's databases; -1 if SQLite cannot tell. Between callbacks_suspend() and callbacks_resume(). */
static int64_t count_orphans(struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;
	sqlite3_stmt *check = NULL;
	char last[256] = "";
	bool exists = false;
	int64_t count = 0;
	int rc = sqlite->prepare_v2(connection->db, "PRAGMA foreign_key_check", -1, &check, NULL);

	while (rc == SQLITE_OK && (rc = sqlite->step(check)) == SQLITE_ROW) {
		const char *parent = (const char *)sqlite->column_text(check, 2);

		if (parent && (!*last || strncmp(last, parent, sizeof(last) - 1) != 0)) {
			snprintf(last, sizeof(last), "%s", parent);
			exists = has_parent(connection, parent);
		}
		count += exists;
		rc = SQLITE_OK;
	}
	sqlite->finalize(check);
	return rc == SQLITE_DONE ? count : -1;
}

static int64_t ask_orphans(struct connection *connection)
{
	int64_t count;

	callbacks_suspend(connection);
	count = count_orphans(connection);
	callbacks_resume(connection);
	sqlite_forget_error(connection->sqlite, connection->db);
	return count;
}

/* How many rows has the statement read since it was last asked? It counts from when it was prepared. */
static unsigned scanned_by(struct connection *connection, sqlite3_stmt *stmt)
{
	struct scanning_statement *known = connection->foreign_keys.scanning;
	unsigned scanned = (unsigned)connection->sqlite->stmt_status(stmt, SQLITE_STMTSTATUS_FULLSCAN_STEP, 0), before;

	known += ((uintptr_t)stmt >> 4) % (sizeof(connection->foreign_keys.scanning) / sizeof(*known));
	before = known->stmt == stmt && known->scanned <= scanned ? known->scanned : 0;
	*known = (struct scanning_statement){stmt, scanned};
	return scanned - before;
}

static void stepped(struct connection *connection, sqlite3_stmt *stmt)
{
	struct foreign_keys *keys = &connection->foreign_keys;

	if (!keys->moves) {
		keys->scanned += scanned_by(connection, stmt);
		if (keys->scanned < SCANNED_MOST)
			return;
		keys->scanned = 0;
		keys->old_orphans = ask_orphans(connection);
		if (keys->old_orphans < 0)
			return;
		keys->old_orphans -= flag_bits_orphans(connection->db, keys->bits);
		keys->moves = true;
	}
	flag_bits_move_orphans(connection->db, keys->bits);
}

void foreign_keys_bulk_stepped(sqlite3_stmt *stmt)
{
	struct connection *connection = registry_find(sqlite_handle_of(stmt));

	if (!connection || !connection->foreign_keys.ours || !connection->foreign_keys.defers)
		return;
	guard_enter(NULL);
	connection_lock(connection);
	stepped(connection, stmt);
	connection_unlock(connection);
	guard_leave();
}

bool foreign_keys_bulk_may_commit(struct connection *connection)
{
	const struct foreign_keys *keys = &connection->foreign_keys;
	int64_t now;

	if (!keys->moves)
		return false;
	if (keys->miscounts)
		return true;
	now = ask_orphans(connection);
	return now >= 0 && now <= keys->old_orphans;
}
