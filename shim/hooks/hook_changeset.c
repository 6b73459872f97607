/* hook_changeset.c - interposition of sqlite3changeset_apply() and its kin, of copies that have the session extension.
 *
 * What they apply has happened elsewhere, without foreign keys: a REPLACE is a DELETE of one parent and an UPDATE of another in a
 * changeset, and a conflict may be answered by replacing a row. Their statements are not the program's, so they are compiled
 * without foreign keys by recipe. Source: sqlite.org/session/sqlite3changeset_apply.html */
#include "base/guard.h"
#include "connection/registry.h"
#include "hooks/hook.h"
#include "policy/foreign_keys.h"

struct sqlite3_changeset_iter;
typedef int filter(void *context, const char *table);
typedef int filter_v3(void *context, struct sqlite3_changeset_iter *change);
typedef int conflict(void *context, int kind, struct sqlite3_changeset_iter *change);
typedef int input(void *from, void *data, int *bytes);

/* sqlite3.h declares them only where the session extension is asked for. */
int sqlite3changeset_apply(sqlite3 *db, int bytes, void *changeset, filter *wants, conflict *decide, void *context);
int sqlite3changeset_apply_v2(sqlite3 *db, int bytes, void *changeset, filter *wants, conflict *decide, void *context,
			      void **rebase, int *size, int flags);
int sqlite3changeset_apply_v3(sqlite3 *db, int bytes, void *changeset, filter_v3 *wants, conflict *decide, void *context,
			      void **rebase, int *size, int flags);
int sqlite3changeset_apply_strm(sqlite3 *db, input *read, void *from, filter *wants, conflict *decide, void *context);
int sqlite3changeset_apply_v2_strm(sqlite3 *db, input *read, void *from, filter *wants, conflict *decide, void *context,
				   void **rebase, int *size, int flags);
int sqlite3changeset_apply_v3_strm(sqlite3 *db, input *read, void *from, filter_v3 *wants, conflict *decide, void *context,
				   void **rebase, int *size, int flags);

/* The copy's own function of this name; NULL if there is none. *suspended: to be passed to end(). */
static void *begin(sqlite3 *db, const char *name, const void *caller, const void *frame, bool *suspended)
{
	const struct sqlite *sqlite = NULL;
	struct connection *connection = hook_enter(db, name, caller, frame, &sqlite);
	void *real = sqlite ? sqlite_symbol(sqlite, name) : NULL;

	*suspended = connection && real && foreign_keys_suspend(connection);
	if (connection)
		hook_leave(connection);
	return real;
}

static int end(sqlite3 *db, bool suspended, int rc)
{
	struct connection *connection = suspended ? registry_find(db) : NULL;

	if (connection) {
		guard_enter(NULL);
		connection_lock(connection);
		foreign_keys_resume(connection);
		connection_unlock(connection);
		guard_leave();
	}
	return rc;
}

HOOK int sqlite3changeset_apply(sqlite3 *db, int bytes, void *changeset, filter *wants, conflict *decide, void *context)
{
	bool suspended;
	__typeof__(&sqlite3changeset_apply) real;

	*(void **)&real = begin(db, "sqlite3changeset_apply", HOOK_CALLER, HOOK_FRAME, &suspended);
	return real ? end(db, suspended, real(db, bytes, changeset, wants, decide, context)) : SQLITE_ERROR;
}

HOOK int sqlite3changeset_apply_v2(sqlite3 *db, int bytes, void *changeset, filter *wants, conflict *decide, void *context,
				   void **rebase, int *size, int flags)
{
	bool suspended;
	__typeof__(&sqlite3changeset_apply_v2) real;

	*(void **)&real = begin(db, "sqlite3changeset_apply_v2", HOOK_CALLER, HOOK_FRAME, &suspended);
	return real ? end(db, suspended, real(db, bytes, changeset, wants, decide, context, rebase, size, flags)) : SQLITE_ERROR;
}

HOOK int sqlite3changeset_apply_v3(sqlite3 *db, int bytes, void *changeset, filter_v3 *wants, conflict *decide, void *context,
				   void **rebase, int *size, int flags)
{
	bool suspended;
	__typeof__(&sqlite3changeset_apply_v3) real;

	*(void **)&real = begin(db, "sqlite3changeset_apply_v3", HOOK_CALLER, HOOK_FRAME, &suspended);
	return real ? end(db, suspended, real(db, bytes, changeset, wants, decide, context, rebase, size, flags)) : SQLITE_ERROR;
}

HOOK int sqlite3changeset_apply_strm(sqlite3 *db, input *read, void *from, filter *wants, conflict *decide, void *context)
{
	bool suspended;
	__typeof__(&sqlite3changeset_apply_strm) real;

	*(void **)&real = begin(db, "sqlite3changeset_apply_strm", HOOK_CALLER, HOOK_FRAME, &suspended);
	return real ? end(db, suspended, real(db, read, from, wants, decide, context)) : SQLITE_ERROR;
}

HOOK int sqlite3changeset_apply_v2_strm(sqlite3 *db, input *read, void *from, filter *wants, conflict *decide, void *context,
					void **rebase, int *size, int flags)
{
	bool suspended;
	__typeof__(&sqlite3changeset_apply_v2_strm) real;

	*(void **)&real = begin(db, "sqlite3changeset_apply_v2_strm", HOOK_CALLER, HOOK_FRAME, &suspended);
	return real ? end(db, suspended, real(db, read, from, wants, decide, context, rebase, size, flags)) : SQLITE_ERROR;
}

HOOK int sqlite3changeset_apply_v3_strm(sqlite3 *db, input *read, void *from, filter_v3 *wants, conflict *decide, void *context,
					void **rebase, int *size, int flags)
{
	bool suspended;
	__typeof__(&sqlite3changeset_apply_v3_strm) real;

	*(void **)&real = begin(db, "sqlite3changeset_apply_v3_strm", HOOK_CALLER, HOOK_FRAME, &suspended);
	return real ? end(db, suspended, real(db, read, from, wants, decide, context, rebase, size, flags)) : SQLITE_ERROR;
}
