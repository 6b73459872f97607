/* foreign_keys_unkeyed.c - what is rare. */
#include "policy/foreign_keys_unkeyed.h"

#include "base/guard.h"
#include "connection/error_log.h"
#include "locking/file_shim.h"

void foreign_keys_unkeyed_learn(struct connection *connection)
{
	struct foreign_keys *keys = &connection->foreign_keys;

	if (atomic_fetch_add_explicit(&keys->compiles, 1, memory_order_relaxed) != UNKEYED_COMPILES)
		return;
	guard_enter(NULL);
	error_log_suspend();
	atomic_store_explicit(&keys->schema_keys, schema_keys_learn(connection->sqlite), memory_order_release);
	error_log_resume();
	guard_leave();
}

/* Schemas that have keys keep them, as a rule: it is not worth to look each time. */
static void forget(struct connection *connection)
{
	foreign_keys_unkeyed_end(connection);
	atomic_store_explicit(&connection->foreign_keys.schema_keys, (const struct schema_keys *)NULL, memory_order_relaxed);
}

static bool may_share(const struct connection *connection)
{
	return !file_shim_serves(connection) || connection->shared_cache;
}

enum unkeyed foreign_keys_unkeyed_enter(struct connection *connection, bool shares)
{
	const struct schema_keys *place = foreign_keys_unkeyed_place(connection);

	if (!place || (shares && may_share(connection)))
		return UNKEYED_NOT;
	if (!schema_keys_are_none(connection->db)) {
		forget(connection);
		return UNKEYED_NOT;
	}
	if (connection->foreign_keys.left == FOREIGN_KEYS_OFF_UNKEYED)
		return UNKEYED_INSIDE;
	return foreign_keys_unkeyed_begin(connection, connection->db, place) ? UNKEYED_BEGAN : UNKEYED_NOT;
}

void foreign_keys_unkeyed_end(struct connection *connection)
{
	if (connection->foreign_keys.left == FOREIGN_KEYS_OFF_UNKEYED)
		foreign_keys_unkeyed_end_at(connection, connection->db, foreign_keys_unkeyed_place(connection));
}

void foreign_keys_unkeyed_drop(struct connection *connection, sqlite3_stmt **stmt)
{
	forget(connection);
	connection->sqlite->finalize(*stmt);
	*stmt = NULL;
}
