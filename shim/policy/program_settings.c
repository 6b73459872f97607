/* program_settings.c - settings made by the program: by PRAGMA, and by sqlite3_busy_timeout() and sqlite3_busy_handler(). */
#include "policy/program_settings.h"

#include "connection/pragma.h"
#include "locking/busy_handler.h"
#include "policy/apply.h"
#include "policy/rollback_journal.h"
#include "policy/wal.h"
#include "sqlite/callback_offsets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The recipe's busy timeout is a floor, because drivers set short ones without being asked; the operator's is exact. */
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
	bool by_operator = settings_get(SETTING_BUSY_TIMEOUT)->by_operator;
	int exact = by_operator ? effective : asked;

	connection->busy = (struct busy_callback){
		.timeout = effective > 0 ? effective : 0,
		.asked = exact > 0 ? exact : 0,
		.own = asked > 0 ? asked : 0,
	};
	outcome->got = connection->busy.timeout;
	if (effective == asked) {
		outcome->by = by_operator ? DECIDED_BY_OPERATOR : DECIDED_BY_PROGRAM;
		outcome->reason = NULL;
		outcome->wanted = effective;
	}
}

int program_busy_timeout(struct connection *connection, int milliseconds)
{
	int effective = effective_timeout(milliseconds);
	int rc = busy_handler_set_timeout(connection, effective);

	if (rc == SQLITE_OK)
		decide_busy_timeout(connection, milliseconds, effective);
	return rc;
}

void program_found_busy_handler(struct connection *connection, int (*handler)(void *, int), void *argument)
{
	struct outcome *outcome = &connection->outcomes[SETTING_BUSY_TIMEOUT];

	connection->busy = (struct busy_callback){.handler = handler, .argument = argument};
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

void program_check_busy_handler(struct connection *connection)
{
	const struct busy_callback *busy = &connection->busy;
	const struct busy_offsets *layout = busy->handler ? offsets_busy(connection->sqlite, connection->db) : NULL;
	struct busy_callback now;

	if (!busy->handler)
		return;
	if (!callback_read_busy(layout, connection->db, &now))
		connection->sqlite->busy_handler(connection->db, busy->handler, busy->argument);
	else if (now.handler != busy->handler)
		program_busy_timeout(connection, now.handler ? now.timeout : 0);
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

void program_wal_hook(struct connection *connection, bool is_set)
{
	struct outcome *outcome = &connection->outcomes[SETTING_WAL_AUTOCHECKPOINT];

	leave_to_program(connection, SETTING_WAL_AUTOCHECKPOINT);
	if (is_set)
		outcome->reason = "the program has a hook of its own in the place that SQLite's checkpoints need";
}

int program_wal_autocheckpoint(struct connection *connection, int frames, bool by_sqlite)
{
	const struct setting_value *wanted = settings_get(SETTING_WAL_AUTOCHECKPOINT);

	if (!by_sqlite && wanted->by_operator && !wanted->keep)
		frames = (int)wanted->number;
	else if (!by_sqlite)
		leave_to_program(connection, SETTING_WAL_AUTOCHECKPOINT);
	return connection->sqlite->wal_autocheckpoint(connection->db, frames);
}

/* The operator's value, if it overrides the program's; else false. */
static bool overrides(struct connection *connection, enum setting setting, const char *value, struct rewrite *out)
{
	const struct setting_value *wanted = settings_get(setting);
	bool kept_from_wal =
		setting == SETTING_JOURNAL_MODE && connection->storage.kind == STORAGE_SHARED && wanted->number == JOURNAL_WAL;
	bool kept_from_mmap = setting == SETTING_MMAP_SIZE && connection->storage.kind == STORAGE_SHARED;

	if (setting == SETTING_BUSY_TIMEOUT) {
		snprintf(out->words, sizeof(out->words), "%d", effective_timeout(to_int(value)));
		return effective_timeout(to_int(value)) != to_int(value);
	}
	if (!wanted->by_operator || wanted->keep || kept_from_wal || kept_from_mmap)
		return false;
	/* a program that turns foreign keys off is obeyed, whoever turned them on */
	if (setting == SETTING_FOREIGN_KEYS && !(pragma_is_true(value) && wanted->number == FOREIGN_KEYS_OFF))
		return false;
	setting_format(&settings_table[setting], wanted, out->words, sizeof(out->words));
	return true;
}

/* By recipe, the authorizer sees what is decided: foreign_keys.c. */
static void decide_foreign_keys(struct connection *connection, bool rewritten)
{
	if (!connection->foreign_keys.ours && !rewritten)
		leave_to_program(connection, SETTING_FOREIGN_KEYS);
}

static void decide_journal_mode(struct connection *connection, const char *value)
{
	leave_to_program(connection, SETTING_JOURNAL_MODE);
	rollback_journal_note(connection, value);
	wal_note_decider(connection);
	connection->wal_retry_at = 0;
	if (connection_is_set_up(connection) && strcasecmp(value, "wal") == 0)
		connection->setup = SETUP_RECHECK;
}

/* PRAGMA aux.journal_mode is for an attached database. These are for the whole connection, whatever schema is named. */
static bool is_ours(const struct sql_text *text, const struct statement *statement, enum setting setting)
{
	bool named = statement->schema.start != statement->schema.end;

	return !named || span_is(text, statement->schema, "main") || setting == SETTING_BUSY_TIMEOUT ||
	       setting == SETTING_FOREIGN_KEYS || setting == SETTING_TEMP_STORE || setting == SETTING_WAL_AUTOCHECKPOINT;
}

enum setting program_pragma_setting(const struct sql_text *text, const struct statement *statement)
{
	enum setting setting = 0;

	while (setting < SETTING_APPLIED_COUNT && !span_is(text, statement->name, settings_table[setting].pragma))
		setting++;
	return setting == SETTING_APPLIED_COUNT || is_ours(text, statement, setting) ? setting : SETTING_APPLIED_COUNT;
}

void program_pragma_begins(struct connection *connection, const struct sql_text *text, const struct statement *statement,
			   struct program_pragma *pragma, struct rewrite *out)
{
	span_copy(text, statement->value, pragma->value, sizeof(pragma->value));
	out->place = statement->value;
	pragma->overridden = overrides(connection, pragma->setting, pragma->value, out);
	if (pragma->setting == SETTING_JOURNAL_MODE && !pragma->overridden && connection_is_set_up(connection) &&
	    strcasecmp(pragma->value, "wal") != 0)
		apply_synchronous_full(connection);
}

void program_pragma_accepted(struct connection *connection, const struct program_pragma *pragma)
{
	if (pragma->setting == SETTING_BUSY_TIMEOUT)
		decide_busy_timeout(connection, to_int(pragma->value), effective_timeout(to_int(pragma->value)));
	else if (pragma->setting == SETTING_FOREIGN_KEYS)
		decide_foreign_keys(connection, pragma->overridden);
	else if (!pragma->overridden && pragma->setting == SETTING_JOURNAL_MODE)
		decide_journal_mode(connection, pragma->value);
	else if (!pragma->overridden)
		leave_to_program(connection, pragma->setting);
	connection_update_interest(connection);
}

void program_pragma_refused(struct connection *connection, const struct program_pragma *pragma)
{
	/* it is still in WAL mode, where synchronous need not be FULL */
	if (pragma->setting == SETTING_JOURNAL_MODE && connection_is_set_up(connection))
		connection->setup = SETUP_RECHECK;
	connection_update_interest(connection);
}
