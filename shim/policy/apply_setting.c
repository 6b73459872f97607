/* apply_setting.c - has SQLite set one setting, and notes what it has made of it. */
#include "policy/apply_setting.h"

#include "connection/outcome.h"
#include "connection/pragma.h"
#include "policy/heap_limit.h"
#include "policy/unseen.h"
#include "report/report.h"
#include "sqlite/temp_store.h"

#include <string.h>

/* Writes the number's digits, so that they finish at end. */
static const char *decimal(int64_t number, char *end)
{
	uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;

	*--end = '\0';
	do
		*--end = (char)('0' + rest % 10);
	while ((rest /= 10));
	if (number < 0)
		*--end = '-';
	return end;
}

/* The number as a PRAGMA takes and returns it. The recipe's are at hand. */
static const char *text_of(enum setting setting, int64_t number, char *end)
{
	const struct setting_value *recipe = &settings_recipe[setting];
	const struct setting_spec *spec = &settings_table[setting];

	if (spec->type != SETTING_WORD && !recipe->keep && number == recipe->number)
		return spec->recipe;
	return decimal(number, end);
}

void apply_setting_by_pragma(struct connection *connection, enum setting setting, int64_t number)
{
	char digits[24], answer[32];
	const char *value = text_of(setting, number, digits + sizeof(digits));
	struct setting_value parsed;
	int64_t got;
	int rc;

	rc = pragma_set(connection, setting, value, answer, sizeof(answer));
	if (rc == SQLITE_OK && strcmp(answer, value) == 0)
		got = number;
	else if (rc == SQLITE_OK && setting_parse(&settings_table[setting], answer, &parsed))
		got = parsed.number;
	else if (outcome_was_busy(rc))
		got = VALUE_UNKNOWN;
	else if (rc != SQLITE_OK || report_is_wanted())
		got = pragma_read(connection, setting);
	else
		got = number;
	if (rc == SQLITE_OK && got != number)
		outcome_note(connection, setting, got, "SQLite does not go that far");
	else
		outcome_note(connection, setting, got, outcome_reason(rc));
}

/* As PRAGMA temp_store=MEMORY, without compiling one, where an earlier connection has shown which byte it is. False if it is not
 * known; a report has what the PRAGMA returns. */
static bool set_temp_memory(struct connection *connection)
{
	if (connection->outcomes[SETTING_TEMP_STORE].wanted != TEMP_STORE_MEMORY || report_is_wanted() ||
	    !temp_store_switch(connection->sqlite, connection->db, TEMP_STORE_BYTE_DEFAULT, TEMP_STORE_BYTE_MEMORY))
		return false;
	outcome_note(connection, SETTING_TEMP_STORE, TEMP_STORE_MEMORY, NULL);
	return true;
}

void apply_setting(struct connection *connection, enum setting setting, const char *obstacle)
{
	if (!outcome_is_due(connection, setting) || (!obstacle && unseen_decided(connection, setting)))
		return;
	if (obstacle)
		outcome_note(connection, setting, VALUE_UNKNOWN, obstacle);
	else if (setting != SETTING_TEMP_STORE || !set_temp_memory(connection))
		apply_setting_by_pragma(connection, setting, connection->outcomes[setting].wanted);
}

void apply_setting_memory(struct connection *connection, enum setting setting, const char *obstacle)
{
	if (!obstacle && outcome_is_due(connection, setting))
		obstacle = heap_limit_obstacle(connection, setting);
	apply_setting(connection, setting, obstacle);
}
