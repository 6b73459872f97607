/* give_back.c - COMMIT and BEGIN on another connection. */
#include "locking/give_back.h"

#include "base/guard.h"
#include "connection/callbacks.h"
#include "connection/registry.h"
#include "locking/file_shim.h"
#include "sql/first_words.h"
#include "sql/statement.h"

#include <strings.h>

/* Nothing but BEGIN, COMMIT and ROLLBACK: a BEGIN that was kept, say. */
static bool is_of_transactions(const struct sqlite *sqlite, sqlite3_stmt *stmt)
{
	const char *sql = sqlite->sql(stmt);
	struct statement statement;

	if (!sql || sqlite->stmt_busy(stmt))
		return false;
	switch (statement_first_letter(sql, -1)) {
	case 'b' - 'a' + 1:
		statement_read_utf8(sql, &statement);
		return statement.kind == STATEMENT_BEGIN;
	case 'c' - 'a' + 1:
	case 'e' - 'a' + 1:
		return strcasecmp(sql, "commit") == 0 || strcasecmp(sql, "end") == 0;
	default:
		return false;
	}
}

static bool is_untouched(const struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;
	sqlite3_stmt *stmt = NULL;

	if (!connection->first_awaited || sqlite->get_autocommit(connection->db))
		return false;
	while ((stmt = sqlite->next_stmt(connection->db, stmt)))
		if (!is_of_transactions(sqlite, stmt))
			return false;
	return true;
}

/* With its mutex held. Nothing was read or written in the transaction: to end it and begin it anew changes nothing. */
static bool begin_anew(struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;
	bool ended;

	if (!is_untouched(connection))
		return false;
	guard_enter(NULL);
	callbacks_suspend(connection);
	ended = sqlite->exec(connection->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK;
	for (int i = 0; i < 3 && sqlite->get_autocommit(connection->db); i++)
		sqlite->exec(connection->db, "BEGIN", NULL, NULL, NULL);
	callbacks_resume(connection);
	guard_leave();
	return ended;
}

struct search {
	const struct file_shim *waiter;
	bool given_back;
};

/* Under the registry's lock, so that the connection is not closed meanwhile; its mutex is not waited for, as the thread that has it
 * may want that lock. */
static bool look(struct connection *connection, void *argument)
{
	struct search *search = argument;
	const struct sqlite *sqlite = connection->sqlite;
	struct file_shim *shim = connection->shim;
	sqlite3_mutex *mutex;

	if (connection->closing || connection_is_embedded(connection) || connection->shared_cache || !shim ||
	    shim == search->waiter ||
	    atomic_load_explicit(&shim->holder.holds, memory_order_relaxed) != search->waiter->handoff.shm ||
	    !sqlite_try_mutex(sqlite, connection->db, false, &mutex))
		return true;
	if (shim->db == connection->db && shim->may_make_plain && shim->reservation.state == RESERVATION_NONE)
		search->given_back = begin_anew(connection);
	sqlite->mutex_leave(mutex);
	return !search->given_back;
}

bool give_back_idle(const struct file_shim *waiter)
{
	struct search search = {.waiter = waiter};
	const struct connection *connection = registry_find(waiter->db);

	if (connection)
		registry_visit_peers(PEERS_BY_INODE, connection->inode, look, &search);
	return search.given_back;
}
