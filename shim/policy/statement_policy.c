/* statement_policy.c - decides what to do with each statement of the program. */
#include "policy/statement_policy.h"

#include "connection/callbacks.h"
#include "locking/busy_handler.h"
#include "locking/busy_unshimmed.h"
#include "locking/file_shim.h"
#include "policy/apply.h"
#include "policy/attached.h"
#include "policy/begin.h"
#include "policy/first_use.h"
#include "policy/foreign_keys.h"
#include "policy/foreign_keys_harm.h"
#include "policy/heap_limit.h"
#include "policy/page_size.h"
#include "policy/statement_pragma.h"
#include "policy/temp_memory.h"
#include "policy/upgrade.h"
#include "sql/first_words.h"

int policy_set_authorizer(struct connection *connection,
			  int (*authorizer)(void *, int, const char *, const char *, const char *, const char *), void *argument)
{
	connection->authorizer = (struct authorizer_callback){.authorizer = authorizer, .argument = argument};
	if (authorizer || connection->foreign_keys.guarded)
		return connection->sqlite->set_authorizer(connection->db, foreign_keys_authorize, connection);
	return connection->sqlite->set_authorizer(connection->db, NULL, NULL);
}

/* SQLite does not compile such a statement again when the schema changes. */
static bool is_prepared_once(enum passage passage)
{
	return passage == PASSAGE_PREPARE_V1 || passage == PASSAGE_PREPARE_BY_SQLITE;
}

static void begin_before(struct connection *connection, struct statement_plan *plan)
{
	if (connection->setup != SETUP_OPENING && begin_rewrite(connection, &plan->statement, &plan->rewrite))
		plan->action = ACTION_REWRITE;
	if (is_prepared_once(plan->passage))
		begin_prepared_once(&plan->rewrite);
}

/* A SAVEPOINT outside of a transaction begins one. */
static void savepoint_before(struct connection *connection, struct statement_plan *plan)
{
	bool begins = policy_has_run(plan) ? plan->passage == PASSAGE_RAN_FIRST && plan->inside : !plan->inside;

	if (!begins || connection->setup == SETUP_OPENING || !begin_savepoint(connection))
		return;
	if (plan->passage == PASSAGE_TABLE)
		begin_not_upgraded(connection, "SAVEPOINT in sqlite3_get_table() is not seen to run");
	else if (plan->passage != PASSAGE_EXEC && !policy_has_run(plan))
		begin_not_upgraded(connection, "SAVEPOINT that was prepared is not seen to run");
	else
		plan->action = ACTION_UPGRADE_AFTER;
}

static bool is_plain_begin(const struct connection *connection, const char *sql, int bytes)
{
	return (connection->shim && begin_seen_is(&connection->shim->begin_seen, sql, bytes)) ||
	       statement_is_plain_begin(sql, bytes);
}

bool policy_begins_again(struct connection *connection, const char *sql, int bytes)
{
	if (!(atomic_load_explicit(&connection->interest, memory_order_relaxed) & INTEREST_QUIET) || connection->rolled_back ||
	    !is_plain_begin(connection, sql, bytes) || !begin_again(connection))
		return false;
	busy_unshimmed_seen(connection);
	connection->pragma_ignored = false;
	foreign_keys_enter(connection);
	return true;
}

bool policy_commits(struct connection *connection, const char *sql)
{
	unsigned interest = atomic_load_explicit(&connection->interest, memory_order_relaxed);

	if ((interest & (INTEREST_QUIET | LETTER('c'))) != INTEREST_QUIET || connection->rolled_back ||
	    !connection->foreign_keys.ours || !connection->foreign_keys.guarded || !statement_is_plain_commit(sql))
		return false;
	connection->pragma_ignored = false;
	connection->foreign_keys.prepares_once = false;
	foreign_keys_enter(connection);
	return true;
}

static void statement_ended(struct connection *connection, enum passage passage)
{
	/* PRAGMA busy_timeout=N acts when it is prepared */
	busy_handler_reinstall(connection, 0);
	/* sqlite3_get_table() has run none of its statements yet */
	if (passage != PASSAGE_TABLE && connection->temp_storage != TEMP_AS_SET)
		temp_memory_after(connection);
	if (connection->foreign_keys.harm_wanted)
		foreign_keys_harm_begin(connection);
	connection_update_interest(connection);
}

void policy_committed(struct connection *connection)
{
	foreign_keys_enter(connection);
	statement_ended(connection, PASSAGE_EXEC);
}

/* Does SQLite compile a row of a schema by sqlite3_prepare(), as 3.21 does where a file is attached? Inside a statement of the
 * program's WAL cannot be set. */
static bool reads_schema(const struct connection *connection, enum passage passage)
{
	return passage == PASSAGE_PREPARE_BY_SQLITE && sqlite_runs_statement(connection->sqlite, connection->db);
}

/* What is to be done before a statement of this kind. */
static void before_kind(struct connection *connection, const struct sql_text *text, struct statement_plan *plan)
{
	switch (plan->statement.kind) {
	case STATEMENT_PRAGMA:
		if (!connection_is_embedded(connection))
			temp_memory_before(connection, &plan->statement);
		statement_pragma_before(connection, text, plan);
		break;
	case STATEMENT_VACUUM:
		if (!connection_is_embedded(connection))
			page_size_before_vacuum(connection);
		/* fallthrough */
	case STATEMENT_ALTER:
	case STATEMENT_INDEX:
		if (!connection_is_embedded(connection))
			temp_memory_before(connection, &plan->statement);
		break;
	case STATEMENT_BEGIN:
		begin_before(connection, plan);
		break;
	case STATEMENT_ATTACH:
		attached_seen(connection);
		break;
	case STATEMENT_SAVEPOINT:
		savepoint_before(connection, plan);
		break;
	default:
		break;
	}
}

void policy_before(struct connection *connection, enum passage passage, const struct sql_text *text, size_t from,
		   struct statement_plan *plan)
{
	const struct statement *statement = &plan->statement;
	bool applied = false;

	busy_unshimmed_seen(connection);
	*plan = (struct statement_plan){.passage = passage, .is_first = from == 0};
	connection->pragma_ignored = false;
	/* before 3.15 VACUUM prepares its own statements by sqlite3_prepare(), and they must stay valid while it runs */
	plan->is_vacuum = passage == PASSAGE_PREPARE_BY_SQLITE && begin_may_be_vacuum(connection);
	if (plan->is_vacuum)
		return;
	if (atomic_load_explicit(&connection->heap_unchecked, memory_order_relaxed))
		heap_limit_changed(connection);
	plan->inside = !connection->sqlite->get_autocommit(connection->db);
	statement_read(text, from, &plan->statement);
	if (connection->attached == ATTACHED_UNCHECKED && statement->kind != STATEMENT_ATTACH &&
	    !connection_is_embedded(connection))
		attached_look(connection);
	if ((connection->setup != SETUP_DONE || connection->wal_retry_at) && !reads_schema(connection, passage))
		applied = first_use_before(connection, statement);
	if (connection->first_awaited && statement->kind != STATEMENT_BEGIN)
		begin_first_statement(connection);
	foreign_keys_before(connection, text, statement, is_prepared_once(passage));
	if (applied && passage == PASSAGE_PREPARE_V1)
		apply_schema_again(connection);
	before_kind(connection, text, plan);
	plan->error = connection->rolled_back;
	connection->rolled_back = SQLITE_OK;
}

/* Takes the write lock for the transaction that the statement has begun. Returns the error if this rolled the transaction back and
 * it could not be begun again. */
static int upgrade_executed(struct connection *connection, const char *sql)
{
	const struct sqlite *sqlite = connection->sqlite;
	int rc = SQLITE_OK;

	callbacks_suspend(connection);
	begin_upgraded(connection, upgrade_begin(connection));
	if (!upgrade_begin_again(connection, sql))
		rc = sqlite->errcode(connection->db);
	else
		sqlite_forget_error(sqlite, connection->db);
	callbacks_resume(connection);
	return rc;
}

/* The same for one that an embedded copy has run. */
static void upgrade_ran(struct connection *connection, struct statement_plan *plan, const char *sql)
{
	begin_upgraded(connection, upgrade_begin(connection));
	if (!upgrade_begin_again(connection, sql))
		plan->lost = "";
}

static void after_run(struct connection *connection, const struct sql_text *text, struct statement_plan *plan, const char *sql)
{
	if (plan->action == ACTION_REWRITE && plan->statement.kind == STATEMENT_PRAGMA)
		statement_pragma_override_ran(connection, text, plan);
	else if (plan->action != ACTION_PASS && plan->inside)
		upgrade_ran(connection, plan, sql);
}

int policy_after(struct connection *connection, const struct sql_text *text, struct statement_plan *plan, const char *sql, int rc)
{
	if (plan->is_vacuum)
		return rc;
	connection->pragma_names = PRAGMA_IS_KEPT;
	if (plan->sets != PRAGMA_NONE)
		statement_pragma_after(connection, text, plan, rc);
	if (policy_has_run(plan)) {
		after_run(connection, text, plan, sql);
		return rc;
	}
	if (rc == SQLITE_OK && plan->rewritten && plan->statement.kind == STATEMENT_BEGIN)
		connection->begins_rewritten++;
	if (rc == SQLITE_OK && plan->action == ACTION_UPGRADE_AFTER)
		rc = upgrade_executed(connection, sql);
	/* PRAGMA defer_foreign_keys is answered when it is compiled */
	if (plan->passage == PASSAGE_EXEC || plan->statement.kind == STATEMENT_PRAGMA)
		foreign_keys_enter(connection);
	statement_ended(connection, plan->passage);
	return rc;
}

void policy_after_table(struct connection *connection)
{
	foreign_keys_enter(connection);
	program_check_busy_handler(connection);
	busy_handler_reinstall(connection, 0);
	if (connection->temp_storage != TEMP_AS_SET)
		temp_memory_after(connection);
	connection_update_interest(connection);
}
