/* hook_step.c - interposition of sqlite3_step(), in which SQLite may compile a kept statement again (policy/foreign_keys_step.h).
 *
 * It is called for each row, so it does next to nothing unless the statement failed. */
#include "base/guard.h"
#include "connection/registry.h"
#include "policy/foreign_keys_step.h"

/* In a process with several copies of SQLite. */
static __attribute__((noinline)) int step_one_of_several(sqlite3_stmt *stmt, const void *caller)
{
	sqlite3 *db = sqlite_handle_of(stmt);
	const struct connection *connection = db ? registry_find(db) : NULL;
	const struct sqlite *sqlite = connection ? connection->sqlite : sqlite_of_caller("sqlite3_step", caller);

	return sqlite && sqlite->step ? foreign_keys_step(sqlite->step, stmt) : SQLITE_MISUSE;
}

HOOK int sqlite3_step(sqlite3_stmt *stmt)
{
	int (*step)(sqlite3_stmt *) = atomic_load_explicit(&sqlite_unseen_step, memory_order_acquire);

	if (__builtin_expect(step != NULL, 1))
		return step(stmt);
	step = atomic_load_explicit(&sqlite_only_step, memory_order_acquire);
	return step ? foreign_keys_step(step, stmt) : step_one_of_several(stmt, HOOK_CALLER);
}
