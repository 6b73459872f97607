/* foreign_keys_returning.c - the first row of a statement with RETURNING. */
#include "policy/foreign_keys_returning.h"

#include "base/guard.h"
#include "connection/registry.h"

atomic_bool foreign_keys_returning_any;

static bool is_other_writer(const struct sqlite *sqlite, sqlite3_stmt *stmt, const void *argument)
{
	return stmt != argument && sqlite->stmt_busy(stmt) && !sqlite->stmt_readonly(stmt);
}

/* Is its reset the COMMIT of what it has changed, with foreign keys that are ours? */
static bool commits(const struct connection *connection, sqlite3_stmt *stmt)
{
	const struct sqlite *sqlite = connection->sqlite;
	const struct foreign_keys *keys = &connection->foreign_keys;

	return keys->ours && keys->guarded && !keys->program_defers && sqlite->get_autocommit(connection->db) &&
	       sqlite->stmt_busy && !sqlite_find_statement(sqlite, connection->db, is_other_writer, stmt);
}

int foreign_keys_returning_row(int (*step)(sqlite3_stmt *stmt), sqlite3_stmt *stmt)
{
	sqlite3 *db = sqlite_handle_of(stmt);
	struct connection *connection = db ? registry_find(db) : NULL;
	int64_t orphans;
	int rc = SQLITE_ROW;

	if (!connection || !connection->sqlite->stmt_readonly || connection->sqlite->stmt_readonly(stmt))
		return rc;
	guard_enter(NULL);
	connection_lock(connection);
	orphans = connection->foreign_keys.bits ? flag_bits_orphans(db, connection->foreign_keys.bits) : 0;
	if (orphans != 0 && commits(connection, stmt)) {
		if (orphans < 0)
			flag_bits_forget_orphans(db, connection->foreign_keys.bits);
		while (orphans > 0 && rc == SQLITE_ROW)
			rc = step(stmt);
		/* foreign_keys_refused() does not see this one */
		connection->foreign_keys.made = 0;
	}
	connection_unlock(connection);
	guard_leave();
	return rc;
}
