/* statement_pragma.c - what a PRAGMA of the program's decides about its connection, and when. */
#include "policy/statement_pragma.h"

#include "connection/pragma.h"
#include "policy/apply.h"
#include "policy/first_use.h"
#include "policy/foreign_keys.h"
#include "policy/foreign_keys_harm.h"
#include "policy/heap_limit.h"
#include "policy/rollback_journal.h"

#include <string.h>
#include <strings.h>

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

/* It is compiled, and runs next. Not with an authorizer of the program's, which may reject it. */
static bool switches_to_wal(const struct connection *connection, const struct statement_plan *plan)
{
	return plan->pragma.setting == SETTING_JOURNAL_MODE && !plan->pragma.overridden &&
	       strcasecmp(plan->pragma.value, "wal") == 0 && plan->passage != PASSAGE_TABLE && !policy_has_run(plan) &&
	       !connection->authorizer.authorizer;
}

/* Where that is not asked for each compile: a text that is rewritten stays so when the program steps it again. In
 * sqlite3_get_table() those before it have not run yet. */
static bool stays_in_wal(struct connection *connection, const struct statement_plan *plan)
{
	return plan->pragma.setting == SETTING_JOURNAL_MODE && !plan->pragma.overridden &&
	       !rollback_journal_is_watched(connection) && rollback_journal_is_named(plan->pragma.value) &&
	       (plan->passage != PASSAGE_TABLE || plan->is_first) &&
	       !(policy_has_run(plan) ? rollback_journal_was_set(connection) : rollback_journal_is_free(connection));
}

void statement_pragma_before(struct connection *connection, const struct sql_text *text, struct statement_plan *plan)
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

void statement_pragma_after(struct connection *connection, const struct sql_text *text, struct statement_plan *plan, int rc)
{
	bool refused = plan->error || is_refused(rc) || connection->pragma_ignored;

	/* whether an embedded copy did it, or an authorizer prevented it, shows in the handler that is installed:
	 * embedded_statement.c */
	if (plan->sets == PRAGMA_OURS && policy_has_run(plan) && plan->pragma.setting == SETTING_BUSY_TIMEOUT) {
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

void statement_pragma_override_ran(struct connection *connection, const struct sql_text *text, const struct statement_plan *plan)
{
	size_t bytes = 0;
	char *sql = rewrite_make(&plan->rewrite, text, (struct span){0, plan->statement.end}, &bytes);

	if (sql)
		pragma_run(connection, sql, NULL, 0);
	rewrite_discard(sql, bytes);
}
