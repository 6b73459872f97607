/* statement_policy.c - reads the program's statements and calls for what they mean to its connection. */
#include "policy/statement_policy.h"

#include "policy/apply.h"
#include "policy/begin.h"
#include "policy/foreign_keys.h"
#include "policy/program_settings.h"
#include "sqlite/callbacks.h"

#include <string.h>

/* A database of 0 bytes is one that the program may still be setting up, though it already looked whether it is there: WAL would
 * fix page_size and auto_vacuum, and spoil the key that comes later. */
static bool is_empty(const struct connection *connection)
{
	sqlite3_file *file = *connection->path ? sqlite_file(connection->sqlite, connection->db, "main") : NULL;
	sqlite3_int64 size;

	return file && file->pMethods->xFileSize(file, &size) == SQLITE_OK && size == 0;
}

/* Is this the program's first use of the connection, other than to set something up? PRAGMAs are not asked here. */
static bool is_use(struct connection *connection, const struct statement *statement)
{
	switch (statement->kind) {
	case STATEMENT_EMPTY:
	case STATEMENT_PRAGMA:
	case STATEMENT_ATTACH:
		return false;
	case STATEMENT_READ:
	case STATEMENT_EXPLAIN:
		return !is_empty(connection);
	default:
		/* BEGIN too, in an empty file: page_size and auto_vacuum that come behind it come too late, but were it left as it
		 * is, of processes that all make their schema in a transaction some would be told that the database is locked. */
		return true;
	}
}

void policy_opened(struct connection *connection)
{
	if (!connection->off && !is_empty(connection))
		apply_at_first_use(connection);
}

int policy_set_authorizer(struct connection *connection,
			  int (*authorizer)(void *, int, const char *, const char *, const char *, const char *), void *argument)
{
	connection->authorizer = (struct authorizer_callback){.authorizer = authorizer, .argument = argument};
	if (authorizer || connection->foreign_keys_guarded)
		return connection->sqlite->set_authorizer(connection->db, foreign_keys_authorize, connection);
	return connection->sqlite->set_authorizer(connection->db, NULL, NULL);
}

void policy_trace(struct connection *connection, const struct trace_callback *trace)
{
	void (*profile)(void *, const char *, sqlite3_uint64) = connection->trace.profile;
	void *profile_argument = connection->trace.profile_argument;

	connection->trace = *trace;
	connection->trace.profile = profile;
	connection->trace.profile_argument = profile_argument;
}

void policy_profile(struct connection *connection, void (*profile)(void *, const char *, sqlite3_uint64), void *argument)
{
	connection->trace.profile = profile;
	connection->trace.profile_argument = argument;
}

void policy_keyed(struct connection *connection)
{
	connection->settled = false;
	connection->key_pending = true;
	connection_update_interest(connection);
}

/* The first statement with a key is the program's own trial of it: once one of ours has failed by a wrong key, SQLCipher 4 answers
 * SQLITE_NOMEM to all that follow. */
static bool tries_key(struct connection *connection)
{
	bool tries = connection->key_pending && !connection->embedded && !is_empty(connection);

	connection->key_pending = false;
	return tries;
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

static void pragma_locking_mode(struct connection *connection, const struct sql_text *text, const struct statement *statement)
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

/* Not one of our settings. */
static void pragma_of_others(struct connection *connection, const struct sql_text *text, const struct statement *statement)
{
	if (span_is(text, statement->name, "query_only"))
		connection->query_only = true;
	else if (statement->has_value && is_key(text, statement->name))
		policy_keyed(connection);
	else if (statement->has_value && span_is(text, statement->name, "locking_mode"))
		pragma_locking_mode(connection, text, statement);
}

static enum action pragma(struct connection *connection, const struct sql_text *text, const struct statement *statement,
			  struct rewrite *out)
{
	enum setting setting = program_pragma_setting(text, statement);
	bool at_first_use = setting == SETTING_JOURNAL_MODE || setting == SETTING_SYNCHRONOUS || setting == SETTING_CACHE_SIZE ||
			    setting == SETTING_WAL_AUTOCHECKPOINT;

	if (setting == SETTING_APPLIED_COUNT)
		pragma_of_others(connection, text, statement);
	else if (statement->has_value)
		return program_pragma(connection, text, statement, setting, out) ? ACTION_REWRITE : ACTION_PASS;
	else if (at_first_use && !connection->settled && !tries_key(connection))
		/* who asks sees the truth */
		apply_at_first_use(connection);
	return ACTION_PASS;
}

enum action policy_statement(struct connection *connection, const struct sql_text *text, const struct statement *statement,
			     struct rewrite *out)
{
	if (!connection->settled) {
		if (is_use(connection, statement) && !tries_key(connection))
			apply_at_first_use(connection);
	} else if (connection->recheck) {
		apply_recheck_synchronous(connection);
	} else if (connection->wal_retry && statement->kind != STATEMENT_PRAGMA) {
		apply_wal_again(connection);
	}
	if (connection->foreign_keys != FOREIGN_KEYS_NOT_OURS)
		foreign_keys_before(connection, text, statement);
	if (statement->kind == STATEMENT_PRAGMA)
		return pragma(connection, text, statement, out);
	if (statement->kind == STATEMENT_BEGIN)
		return begin_rewrite(connection, statement, out) ? ACTION_REWRITE : ACTION_PASS;
	if (statement->kind == STATEMENT_ATTACH)
		connection->attached = connection->attached_unchecked = true;
	/* behind the second door it has run already */
	if (statement->kind == STATEMENT_SAVEPOINT && !connection->embedded && connection->sqlite->get_autocommit(connection->db) &&
	    begin_savepoint(connection))
		return ACTION_UPGRADE_AFTER;
	return ACTION_PASS;
}

int policy_take_error(struct connection *connection)
{
	int rc = connection->rolled_back;

	connection->rolled_back = SQLITE_OK;
	return rc;
}

void policy_rewritten(struct connection *connection, const struct statement *statement)
{
	if (statement->kind == STATEMENT_BEGIN)
		connection->begins_rewritten++;
}
