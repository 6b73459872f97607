/* foreign_keys_returning.h - foreign_keys=ON by recipe, and statements with RETURNING outside of a transaction.
 *
 * Orphans wait for COMMIT, which is in the reset of such a statement, whose error drivers drop that fetch one row: they would take
 * for written what is not there. Where the write lock of the main database shows that one begins, defer_foreign_keys is off while
 * it runs (foreign_keys.c). An attached database, the temporary one and those in memory have no such lock; and a schema may defer a
 * key itself. SQLite makes all of its changes before the first row, and has counted orphans by then: if there are some, the
 * statement is stepped to its end, which is refused, and gives no row. So it is in the main database, too, where SQLite refuses
 * less orphans than none (since 3.52): they are forgotten at the first row, as a count that does not wait could not be. */
#ifndef SQLPROD_POLICY_FOREIGN_KEYS_RETURNING_H
#define SQLPROD_POLICY_FOREIGN_KEYS_RETURNING_H

#include "connection/connection.h"

/* Was one compiled on any connection? Then rows are looked at. */
extern atomic_bool foreign_keys_returning_any __attribute__((visibility("hidden")));
static inline bool foreign_keys_returning(void)
{
	return __builtin_expect(atomic_load_explicit(&foreign_keys_returning_any, memory_order_relaxed), 0);
}

/* A statement was compiled, or none. */
static inline void foreign_keys_returning_note(struct connection *connection, sqlite3_stmt *stmt)
{
	const struct sqlite *sqlite = connection->sqlite;

	if (stmt && sqlite->column_count(stmt) > 0 && sqlite->stmt_readonly && !sqlite->stmt_readonly(stmt)) {
		connection->foreign_keys.has_returning = true;
		atomic_store_explicit(&foreign_keys_returning_any, true, memory_order_relaxed);
	}
}

/* A statement has a row. Returns what the program gets. */
int foreign_keys_returning_row(int (*step)(sqlite3_stmt *stmt), sqlite3_stmt *stmt);

#endif
