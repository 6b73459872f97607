/* statement_policy.c - decides what to do with each statement of the program. */
#include "policy/statement_policy.h"

#include "connection/pragma.h"
#include "locking/busy_handler.h"
#include "locking/file_shim.h"
#include "policy/apply.h"
#include "policy/attached.h"
#include "policy/begin.h"
#include "policy/first_use.h"
#include "policy/foreign_keys.h"
#include "policy/foreign_keys_harm.h"
#include "policy/heap_limit.h"
#include "policy/page_size.h"
#include "policy/rollback_journal.h"
#include "policy/temp_memory.h"
#include "policy/upgrade.h"
#include "sql/first_words.h"

#include <string.h>

int policy_set_authorizer(struct connection *connection,
			  int (*authorizer)(void *, int, const char *, const char *, const char *, const char *), void *argument)
{
	connection->authorizer = (struct authorizer_callback){.authorizer = authorizer, .argument = argument};
	if (authorizer || connection->foreign_keys.guarded)
		return connection->sqlite->set_authorizer(connection->db, foreign_keys_authorize, connection);
	return connection->sqlite->set_authorizer(connection->db, NULL, NULL);
}

/* SQLCipher's ways to give a key by PRAGMA. */
static bool is_key(const struct sql_text *text, struct span name)
{
	static const char *const names[] = {"key", "hexkey", "textkey", "rekey", "hexrekey", "textrekey"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (span_is(text, name, names[i]))
			return true;
	return false;
}

static void locking_mode_decided(struct connection *connection, const struct sql_text *text, const struct statement *statement)
{
	char value[16];

	if (statement->schema.start != statement->schema.end && !span_is(text, statement->schema, "main"))
		return;
	span_copy(text, statement->value, value, sizeof(value));
	if (strcasecmp(value, "exclusive") == 0)
		connection->exclusive = true;
	else if (strcasecmp(value, "normal") == 0)
		connection->exclusive = false;
}

/* A PRAGMA that sets something other than our settings was accepted. */
static void other_pragma_accepted(struct connection *connection, const struct sql_text *text, const struct statement *statement)
{
	if (is_key(text, statement->name))
		first_use_after_key(connection);
	else if (span_is(text, statement->name, "locking_mode"))
		locking_mode_decided(connection, text, statement);
	else if (span_is(text, statement->name, "page_size"))
		connection->page_size_set = true;
	else if (span_is(text, statement->name, "hard_heap_limit"))
		heap_limit_set(connection->sqlite);
}

static bool has_run(const struct statement_plan *plan)
{
	return plan->passage == PASSAGE_RAN_FIRST || plan->passage == PASSAGE_RAN_INSIDE;
}

/* It is compiled, and runs next. Not with an authorizer of the program's, which may reject it. */
static bool switches_to_wal(const struct connection *connection, const struct statement_plan *plan)
{
	return plan->pragma.setting == SETTING_JOURNAL_MODE && !plan->pragma.overridden &&
	       strcasecmp(plan->pragma.value, "wal") == 0 && plan->passage != PASSAGE_TABLE && !has_run(plan) &&
	       !connection->authorizer.authorizer;
}

/* In sqlite3_get_table() those before it have not run yet. */
static bool stays_in_wal(struct connection *connection, const struct statement_plan *plan)
{
	return plan->pragma.setting == SETTING_JOURNAL_MODE && !plan->pragma.overridden &&
	       rollback_journal_is_named(plan->pragma.value) && (plan->passage != PASSAGE_TABLE || plan->is_first) &&
	       !(has_run(plan) ? rollback_journal_was_set(connection) : rollback_journal_is_free(connection));
}

static void pragma_before(struct connection *connection, const struct sql_text *text, struct statement_plan *plan)
{
	const struct statement *statement = &plan->statement;
	enum setting setting = program_pragma_setting(text, statement);
	bool at_first_use = setting == SETTING_JOURNAL_MODE || setting == SETTING_SYNCHRONOUS || setting == SETTING_CACHE_SIZE ||
			    setting == SETTING_WAL_AUTOCHECKPOINT;

	if (statement->has_value && span_is(text, statement->name, "defer_foreign_keys"))
		foreign_keys_program_defers(connection);
	if (statement->has_value && span_is(text, statement->name, "schema_version"))
		foreign_keys_harm_end(connection);
	if (statement->has_value && span_is(text, statement->name, "journal_mode") && !connection_is_embedded(connection))
		rollback_journal_watch(connection, statement->schema.start != statement->schema.end);
	if (statement->has_value && span_is(text, statement->name, "empty_result_callbacks"))
		connection->empty_results = true;
	if (span_is(text, statement->name, "query_only")) {
		connection->query_only = true;
	} else if (statement->has_value && setting == SETTING_APPLIED_COUNT) {
		plan->sets = PRAGMA_OTHER;
	} else if (statement->has_value) {
		plan->sets = PRAGMA_OURS;
		plan->pragma.setting = setting;
		program_pragma_begins(connection, text, statement, &plan->pragma, &plan->rewrite);
		if (stays_in_wal(connection, plan)) {
			/* any word that is no mode makes a query of it */
			strcpy(plan->rewrite.words, "query");
			plan->pragma.overridden = true;
		}
		plan->action = plan->pragma.overridden ? ACTION_REWRITE : ACTION_PASS;
		if (switches_to_wal(connection, plan))
			apply_program_wal(connection);
	} else if (at_first_use && connection->setup == SETUP_OPENED && !first_use_tries_key(connection)) {
		/* a query must return the value that will be in force */
		apply_at_first_use(connection);
	}
}

/* Was it rejected at compile time, by a syntax error or an authorizer? One that ran was accepted, even if it was busy. */
static bool is_refused(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_ERROR:
	case SQLITE_AUTH:
	case SQLITE_NOMEM:
	case SQLITE_MISUSE:
	case SQLITE_TOOBIG:
	case SQLITE_INTERRUPT:
		return true;
	default:
		return false;
	}
}

static void pragma_after(struct connection *connection, const struct sql_text *text, struct statement_plan *plan, int rc)
{
	bool refused = plan->error || is_refused(rc) || connection->pragma_ignored;

	connection->pragma_names = PRAGMA_IS_KEPT;
	/* whether an embedded copy did it, or an authorizer prevented it, shows in the handler that is installed:
	 * embedded_statement.c */
	if (plan->sets == PRAGMA_OURS && has_run(plan) && plan->pragma.setting == SETTING_BUSY_TIMEOUT) {
		plan->action = ACTION_PASS;
		return;
	}
	/* sqlite3_get_table() does not return which of its statements it has run: policy_after_table() looks */
	if (plan->sets == PRAGMA_OURS && plan->passage == PASSAGE_TABLE && plan->pragma.setting == SETTING_BUSY_TIMEOUT &&
	    connection->busy.handler)
		return;
	if (plan->sets == PRAGMA_OURS && refused)
		program_pragma_refused(connection, &plan->pragma);
	else if (plan->sets == PRAGMA_OURS)
		program_pragma_accepted(connection, &plan->pragma);
	else if (plan->sets == PRAGMA_OTHER && !refused)
		other_pragma_accepted(connection, text, &plan->statement);
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
	bool begins = has_run(plan) ? plan->passage == PASSAGE_RAN_FIRST && plan->inside : !plan->inside;

	if (!begins || connection->setup == SETUP_OPENING || !begin_savepoint(connection))
		return;
	if (plan->passage == PASSAGE_TABLE)
		begin_not_upgraded(connection, "SAVEPOINT in sqlite3_get_table() is not seen to run");
	else if (plan->passage != PASSAGE_EXEC && !has_run(plan))
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

void policy_before(struct connection *connection, enum passage passage, const struct sql_text *text, size_t from,
		   struct statement_plan *plan)
{
	const struct statement *statement = &plan->statement;
	bool applied = false;

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
	switch (statement->kind) {
	case STATEMENT_PRAGMA:
		if (!connection_is_embedded(connection))
			temp_memory_before(connection, statement);
		pragma_before(connection, text, plan);
		break;
	case STATEMENT_VACUUM:
		if (!connection_is_embedded(connection))
			page_size_before_vacuum(connection);
		/* fallthrough */
	case STATEMENT_ALTER:
	case STATEMENT_INDEX:
		if (!connection_is_embedded(connection))
			temp_memory_before(connection, statement);
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

/* SQLite has run the program's PRAGMA, but the operator's value overrides it. */
static void override_ran(struct connection *connection, const struct sql_text *text, const struct statement_plan *plan)
{
	size_t bytes = 0;
	char *sql = rewrite_make(&plan->rewrite, text, (struct span){0, plan->statement.end}, &bytes);

	if (sql)
		pragma_run(connection, sql, NULL, 0);
	rewrite_discard(sql, bytes);
}

static void after_run(struct connection *connection, const struct sql_text *text, struct statement_plan *plan, const char *sql)
{
	if (plan->action == ACTION_REWRITE && plan->statement.kind == STATEMENT_PRAGMA)
		override_ran(connection, text, plan);
	else if (plan->action != ACTION_PASS && plan->inside)
		upgrade_ran(connection, plan, sql);
}

int policy_after(struct connection *connection, const struct sql_text *text, struct statement_plan *plan, const char *sql, int rc)
{
	if (plan->is_vacuum)
		return rc;
	pragma_after(connection, text, plan, rc);
	if (has_run(plan)) {
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
