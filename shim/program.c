/* program.c - reads the program's statements and calls for what they mean to its connection. */
#include "program.h"

#include "apply.h"
#include "attached.h"
#include "foreign_keys.h"
#include "pragma.h"
#include "report.h"
#include "wait.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A database of 0 bytes is one that the program may still be setting up, though it already looked whether it is there: WAL would
 * fix page_size and auto_vacuum, and spoil the key that comes later. */
static bool is_empty(struct connection *connection)
{
	sqlite3_file *file = NULL;
	sqlite3_int64 size = 1;

	if (!*connection->path || !connection->sqlite->file_control ||
	    connection->sqlite->file_control(connection->db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK || !file ||
	    !file->pMethods)
		return false;
	return file->pMethods->xFileSize(file, &size) == SQLITE_OK && size == 0;
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
		return true;
	}
}

/* SQLite begins VACUUM with a BEGIN of its own, which comes to our door from inside sqlite3_step(). As BEGIN IMMEDIATE it would
 * make VACUUM fail. */
static bool is_vacuuming(struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;
	sqlite3_stmt *stmt = NULL;

	if (!sqlite->next_stmt || !sqlite->stmt_busy || !sqlite->sql)
		return false;
	while ((stmt = sqlite->next_stmt(connection->db, stmt))) {
		struct statement statement;
		struct sql_text text;
		if (!sqlite->stmt_busy(stmt) || !sqlite->sql(stmt))
			continue;
		text = sql_text_utf8(sqlite->sql(stmt), -1);
		statement_read(&text, 0, &statement);
		if (statement.kind == STATEMENT_VACUUM)
			return true;
	}
	return false;
}

bool program_may_vacuum(const struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;
	sqlite3_stmt *stmt = NULL;
	struct statement statement;
	struct sql_text text;

	while (sqlite->next_stmt && sqlite->sql && (stmt = sqlite->next_stmt(connection->db, stmt))) {
		if (!sqlite->sql(stmt))
			return true;
		text = sql_text_utf8(sqlite->sql(stmt), -1);
		statement_read(&text, 0, &statement);
		if (statement.kind == STATEMENT_VACUUM)
			return true;
	}
	return false;
}

/* Before 3.34, and not yet in 3.31, BEGIN IMMEDIATE fails where a database is attached read-only. */
static bool has_read_only_attached(struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;
	char name[256];

	if (!connection->attached || !sqlite->db_readonly || strtol(sqlite->version + 2, NULL, 10) >= 34)
		return false;
	for (int i = 1; pragma_database(connection, i, 1, name, sizeof(name)) == SQLITE_ROW; i++)
		if (sqlite->db_readonly(connection->db, name) == 1)
			return true;
	return false;
}

/* Why a BEGIN of this form stays as it is; NULL if it is rewritten to *mode. */
static const char *begin_obstacle(struct connection *connection, enum begin_form form, const char **mode)
{
	enum setting setting = form == BEGIN_DEFERRED ? SETTING_BEGIN_DEFERRED : SETTING_BEGIN;
	const struct setting_value *value = settings_get(setting);

	if (value->keep)
		return form == BEGIN_DEFERRED ? "BEGIN DEFERRED was spelt out" : "SQLPROD_BEGIN=keep";
	*mode = value->number == TRANSACTION_EXCLUSIVE ? "EXCLUSIVE" : "IMMEDIATE";
	if (!*connection->path && !connection->attached)
		return "in-memory or temporary database";
	if (connection->shared_cache)
		return "shared cache: no timeout waits for its locks";
	if (connection->sqlite->db_readonly && connection->sqlite->db_readonly(connection->db, "main") == 1)
		return "the database is read-only";
	if (has_read_only_attached(connection))
		return "a database is attached read-only";
	if (connection->unreadable)
		return "the file is no database, or is encrypted and has no key yet";
	if (pragma_is_query_only(connection))
		return "PRAGMA query_only is on";
	if (is_vacuuming(connection))
		return "VACUUM's own";
	if (attached_has_file_twice(connection))
		return "one file is attached under two names: the connection would wait for itself";
	return NULL;
}

static bool begin(struct connection *connection, const struct statement *statement, struct rewrite *out)
{
	const char *mode = NULL, *obstacle;

	if (statement->begin == BEGIN_OTHER)
		return false;
	obstacle = begin_obstacle(connection, statement->begin, &mode);
	if (obstacle) {
		connection->begins_left++;
		connection->begins_left_reason = obstacle;
		return false;
	}
	out->place = statement->mode;
	snprintf(out->words, sizeof(out->words), "%s", mode);
	return true;
}

/* The recipe's busy timeout is a floor, because drivers set short ones that nobody chose; the operator's is exact. */
static int effective_timeout(int milliseconds)
{
	const struct setting_value *value = settings_get(SETTING_BUSY_TIMEOUT);

	if (value->keep)
		return milliseconds;
	if (value->by_operator || milliseconds < value->number)
		return (int)value->number;
	return milliseconds;
}

static void decide_busy_timeout(struct connection *connection, int asked, int effective)
{
	struct outcome *outcome = &connection->outcomes[SETTING_BUSY_TIMEOUT];

	connection->busy = (struct busy_slot){.timeout = effective > 0 ? effective : 0};
	outcome->got = connection->busy.timeout;
	if (effective == asked) {
		outcome->by = settings_get(SETTING_BUSY_TIMEOUT)->by_operator ? DECIDED_BY_OPERATOR : DECIDED_BY_PROGRAM;
		outcome->reason = NULL;
		outcome->wanted = effective;
	}
}

int program_busy_timeout(struct connection *connection, int milliseconds)
{
	int effective = effective_timeout(milliseconds);
	int rc = wait_set_timeout(connection, effective);

	if (rc == SQLITE_OK)
		decide_busy_timeout(connection, milliseconds, effective);
	return rc;
}

void program_found_busy_handler(struct connection *connection, int (*handler)(void *, int), void *argument)
{
	struct outcome *outcome = &connection->outcomes[SETTING_BUSY_TIMEOUT];

	connection->busy = (struct busy_slot){.handler = handler, .argument = argument};
	outcome->by = DECIDED_BY_PROGRAM;
	outcome->got = 0;
	outcome->reason = handler ? "the program waits by a busy handler of its own" : NULL;
}

int program_busy_handler(struct connection *connection, int (*handler)(void *, int), void *argument)
{
	int rc;

	if (!handler && !settings_get(SETTING_BUSY_TIMEOUT)->keep)
		return program_busy_timeout(connection, 0);
	rc = connection->sqlite->busy_handler(connection->db, handler, argument);
	if (rc == SQLITE_OK)
		program_found_busy_handler(connection, handler, argument);
	return rc;
}

void program_opened(struct connection *connection)
{
	if (!connection->off && !is_empty(connection))
		apply_at_first_use(connection);
}

int program_set_authorizer(struct connection *connection,
			   int (*authorizer)(void *, int, const char *, const char *, const char *, const char *), void *argument)
{
	connection->authorizer = (struct authorizer_slot){.authorizer = authorizer, .argument = argument};
	if (authorizer || connection->foreign_keys_guarded)
		return connection->sqlite->set_authorizer(connection->db, foreign_keys_authorize, connection);
	return connection->sqlite->set_authorizer(connection->db, NULL, NULL);
}

void program_trace(struct connection *connection, const struct trace_slot *trace)
{
	void (*profile)(void *, const char *, sqlite3_uint64) = connection->trace.profile;
	void *profile_argument = connection->trace.profile_argument;

	connection->trace = *trace;
	connection->trace.profile = profile;
	connection->trace.profile_argument = profile_argument;
}

void program_profile(struct connection *connection, void (*profile)(void *, const char *, sqlite3_uint64), void *argument)
{
	connection->trace.profile = profile;
	connection->trace.profile_argument = argument;
}

void program_keyed(struct connection *connection)
{
	connection->settled = false;
	connection->keyed = true;
	connection_set_watch(connection);
}

/* The first statement with a key is the program's own trial of it: once one of ours has failed by a wrong key, SQLCipher 4 answers
 * SQLITE_NOMEM to all that follow. */
static bool tries_key(struct connection *connection)
{
	bool tries = connection->keyed && !connection->behind && !is_empty(connection);

	connection->keyed = false;
	return tries;
}

/* As SQLite reads a boolean: sqlite3GetBoolean(), src/pragma.c. */
static bool is_true(const char *value)
{
	static const char *const words[] = {"on", "yes", "true"};

	if (value[0] >= '0' && value[0] <= '9')
		return (unsigned char)strtol(value, NULL, 0) != 0;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(value, words[i]) == 0)
			return true;
	return false;
}

/* As SQLite reads an int: digits up to the first other character, 0 if they do not fit. */
static int to_int(const char *value)
{
	long long number = strtoll(value, NULL, 10);

	return number >= INT32_MIN && number <= INT32_MAX ? (int)number : 0;
}

static void leave_to_program(struct connection *connection, enum setting setting)
{
	struct outcome *outcome = &connection->outcomes[setting];

	*outcome = (struct outcome){.by = DECIDED_BY_PROGRAM, .wanted = VALUE_UNKNOWN, .got = VALUE_UNKNOWN};
}

/* PRAGMA busy_timeout=N: the number is rewritten where the program's does not hold. */
static bool pragma_busy_timeout(struct connection *connection, const char *value, struct rewrite *out)
{
	int asked = to_int(value), effective = effective_timeout(asked);

	decide_busy_timeout(connection, asked, effective);
	snprintf(out->words, sizeof(out->words), "%d", effective);
	return effective != asked;
}

/* A program that turns foreign keys off is obeyed, whoever turned them on. */
static bool pragma_foreign_keys(struct connection *connection, const char *value, struct rewrite *out)
{
	const struct setting_value *operator= settings_get(SETTING_FOREIGN_KEYS);

	/* inside a transaction the PRAGMA does nothing, and without us they would be off */
	if (connection->foreign_keys != FOREIGN_KEYS_NOT_OURS && !is_true(value))
		foreign_keys_set(connection, false);
	connection->foreign_keys = FOREIGN_KEYS_NOT_OURS;
	if (is_true(value) && operator->by_operator && !operator->keep && operator->number == FOREIGN_KEYS_OFF) {
		snprintf(out->words, sizeof(out->words), "off");
		return true;
	}
	leave_to_program(connection, SETTING_FOREIGN_KEYS);
	return false;
}

static void pragma_journal_mode(struct connection *connection, const char *value)
{
	leave_to_program(connection, SETTING_JOURNAL_MODE);
	connection->wal_retry = 0;
	if (!connection->settled)
		return;
	if (strcasecmp(value, "wal") == 0)
		connection->recheck = true;
	else
		apply_synchronous_full(connection);
}

/* The program sets one of our settings. */
static bool pragma_decides(struct connection *connection, enum setting setting, const char *value, struct rewrite *out)
{
	const struct setting_value *wanted = settings_get(setting);
	bool kept_from_wal = setting == SETTING_JOURNAL_MODE && connection->shared_file && wanted->number == JOURNAL_WAL;
	bool kept_from_mmap = setting == SETTING_MMAP_SIZE && connection->shared_file;

	if (setting == SETTING_BUSY_TIMEOUT)
		return pragma_busy_timeout(connection, value, out);
	if (setting == SETTING_FOREIGN_KEYS)
		return pragma_foreign_keys(connection, value, out);
	if (wanted->by_operator && !wanted->keep && !kept_from_wal && !kept_from_mmap) {
		setting_format(&settings_table[setting], wanted, out->words, sizeof(out->words));
		return true;
	}
	if (setting == SETTING_JOURNAL_MODE)
		pragma_journal_mode(connection, value);
	else
		leave_to_program(connection, setting);
	return false;
}

/* PRAGMA aux.journal_mode is about an attached database. These are about the whole connection, whatever schema is named. */
static bool is_ours(const struct sql_text *text, const struct statement *statement, enum setting setting)
{
	bool named = statement->schema.start != statement->schema.end;

	return !named || span_is(text, statement->schema, "main") || setting == SETTING_BUSY_TIMEOUT ||
	       setting == SETTING_FOREIGN_KEYS || setting == SETTING_TEMP_STORE || setting == SETTING_WAL_AUTOCHECKPOINT;
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

static bool pragma(struct connection *connection, const struct sql_text *text, const struct statement *statement,
		   struct rewrite *out)
{
	char value[64];
	int setting;

	for (setting = 0; setting < SETTING_APPLIED_COUNT; setting++)
		if (span_is(text, statement->name, settings_table[setting].pragma))
			break;
	if (setting == SETTING_APPLIED_COUNT) {
		if (span_is(text, statement->name, "query_only"))
			connection->query_only = true;
		else if (statement->has_value && is_key(text, statement->name))
			program_keyed(connection);
		else if (statement->has_value && span_is(text, statement->name, "locking_mode"))
			pragma_locking_mode(connection, text, statement);
		return false;
	}
	if (!is_ours(text, statement, (enum setting)setting))
		return false;
	if (statement->has_value) {
		bool rewrite;
		span_copy(text, statement->value, value, sizeof(value));
		out->place = statement->value;
		rewrite = pragma_decides(connection, (enum setting)setting, value, out);
		connection_set_watch(connection);
		return rewrite;
	}
	/* who asks sees the truth */
	if (!connection->settled &&
	    (setting == SETTING_JOURNAL_MODE || setting == SETTING_SYNCHRONOUS || setting == SETTING_CACHE_SIZE ||
	     setting == SETTING_WAL_AUTOCHECKPOINT) &&
	    !tries_key(connection))
		apply_at_first_use(connection);
	return false;
}

bool program_statement(struct connection *connection, const struct sql_text *text, const struct statement *statement,
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
		return begin(connection, statement, out);
	if (statement->kind == STATEMENT_ATTACH)
		connection->attached = true;
	return false;
}

int program_take_error(struct connection *connection)
{
	int rc = connection->rolled_back;

	connection->rolled_back = SQLITE_OK;
	return rc;
}

void program_rewritten(struct connection *connection, const struct statement *statement)
{
	if (statement->kind == STATEMENT_BEGIN)
		connection->begins_rewritten++;
}
