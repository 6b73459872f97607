/* unseen.c - what a program decided on a connection before we saw it. */
#include "policy/unseen.h"

#include "connection/pragma.h"

#include <stdio.h>

/* sqlite.org/pragma.html; a build may have others, set by these options. */
static const struct {
	enum setting setting;
	int64_t value, older; /* before 3.12 */
	const char *options[2];
} defaults[] = {
	{SETTING_JOURNAL_MODE, JOURNAL_DELETE, JOURNAL_DELETE, {NULL}},
	{SETTING_SYNCHRONOUS, SYNCHRONOUS_FULL, SYNCHRONOUS_FULL, {"DEFAULT_SYNCHRONOUS", "DEFAULT_WAL_SYNCHRONOUS"}},
	{SETTING_TEMP_STORE, TEMP_STORE_DEFAULT, TEMP_STORE_DEFAULT, {NULL}},
	{SETTING_MMAP_SIZE, 0, 0, {"DEFAULT_MMAP_SIZE"}},
	{SETTING_JOURNAL_SIZE_LIMIT, -1, -1, {"DEFAULT_JOURNAL_SIZE_LIMIT"}},
	{SETTING_CACHE_SIZE, -2000, 2000, {"DEFAULT_CACHE_SIZE"}},
	{SETTING_WAL_AUTOCHECKPOINT, 1000, 1000, {"DEFAULT_WAL_AUTOCHECKPOINT"}},
};

/* A build without sqlite_compileoption_used() may have any default. */
static bool is_of_build(struct connection *connection, const char *option, int64_t value)
{
	char sql[96], answer[4];
	int rc;

	if (!option)
		return false;
	snprintf(sql, sizeof(sql), "SELECT sqlite_compileoption_used('%s=%lld')", option, (long long)value);
	rc = pragma_run_raw(connection, sql, answer, sizeof(answer));
	return (rc & 0xff) == SQLITE_ERROR || (rc == SQLITE_OK && answer[0] == '1');
}

static bool is_default(struct connection *connection, enum setting setting, int64_t value)
{
	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
		if (defaults[i].setting != setting)
			continue;
		return value == defaults[i].value || value == defaults[i].older ||
		       is_of_build(connection, defaults[i].options[0], value) ||
		       is_of_build(connection, defaults[i].options[1], value);
	}
	return true;
}

static bool was_set(struct connection *connection, enum setting setting)
{
	const struct outcome *outcome = &connection->outcomes[setting];
	int64_t value;

	/* that was seen, or is ours */
	if (outcome->by == DECIDED_BY_PROGRAM || outcome->got != VALUE_UNKNOWN)
		return false;
	value = pragma_read(connection, setting);
	return value != VALUE_UNKNOWN && value != settings_get(setting)->number && !is_default(connection, setting, value);
}

void unseen_look(struct connection *connection, bool at_first_use)
{
	static const enum setting opened[] = {SETTING_TEMP_STORE, SETTING_MMAP_SIZE, SETTING_JOURNAL_SIZE_LIMIT};
	static const enum setting used[] = {SETTING_JOURNAL_MODE, SETTING_SYNCHRONOUS, SETTING_CACHE_SIZE};

	if (connection->unseen == UNSEEN_NOTHING)
		return;
	for (size_t i = 0; i < sizeof(opened) / sizeof(opened[0]) && connection->unseen != UNSEEN_SETTINGS; i++)
		if (was_set(connection, at_first_use ? used[i] : opened[i]))
			connection->unseen = UNSEEN_SETTINGS;
}

bool unseen_decided(struct connection *connection, enum setting setting)
{
	struct outcome *outcome = &connection->outcomes[setting];

	if (connection->unseen != UNSEEN_SETTINGS || outcome->by != DECIDED_BY_RECIPE || outcome->got != VALUE_UNKNOWN)
		return false;
	*outcome = (struct outcome){.by = DECIDED_BY_PROGRAM,
				    .wanted = VALUE_UNKNOWN,
				    .got = pragma_read(connection, setting),
				    .reason = "the program had set some before the connection was seen"};
	return true;
}

bool unseen_has_temp_tables(const struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;

	/* NULL as long as the temp database is not in use */
	return sqlite->db_filename && sqlite->db_filename(connection->db, "temp");
}
