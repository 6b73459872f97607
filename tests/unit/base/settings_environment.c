/* What settings_load makes of an environment, and what it complains about. */
#include "base/settings.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "../check.h"

static size_t allocations;
static char messages[64][1024];
static size_t message_count;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

/* The linker puts this in malloc's place (--wrap). */
void *__wrap_malloc(size_t size)
{
	allocations++;
	return __real_malloc(size);
}

static void keep_message(const char *message)
{
	if (message_count < COUNT(messages))
		snprintf(messages[message_count], sizeof(messages[0]), "%s", message);
	message_count++;
}

#define LOAD(...) load((char *[]){__VA_ARGS__, NULL}, false)

static void load(char *const *environment, bool privileged)
{
	settings_load(environment, privileged);
	message_count = 0;
	settings_complain(keep_message);
	for (size_t i = 0; i < message_count && i < COUNT(messages); i++) {
		bool plain = true;

		check(strlen(messages[i]) <= 511, "a message is at most 511 bytes: %s", messages[i]);
		for (const char *c = messages[i]; plain && *c; c++)
			plain = isascii(*c) && isprint(*c);
		check(plain, "a message is printable ASCII: %s", messages[i]);
	}
}

static bool is_recipe(enum setting setting)
{
	return settings_get(setting) == &settings_recipe[setting] ||
	       memcmp(settings_get(setting), &settings_recipe[setting], sizeof(struct setting_value)) == 0;
}

static void check_all_recipe(const char *when)
{
	for (size_t i = 0; i < SETTING_COUNT; i++)
		check(is_recipe((enum setting)i), "%s: %s is the recipe's", when, settings_table[i].variable);
}

static void test_nothing_of_ours(void)
{
	char *environment[] = {"PATH=/bin", "HOME=/root", "SQLPRO=1", "XSQLPROD_JOURNAL_MODE=off", "sqlprod_journal_mode=off",
			       "",          NULL};

	allocations = 0;
	settings_load(environment, false);
	check(allocations == 0, "an environment without our variables allocates nothing");
	for (size_t i = 0; i < SETTING_COUNT; i++)
		check(settings_get((enum setting)i) == &settings_recipe[i], "%s is the static recipe", settings_table[i].variable);
	load(environment, false);
	check(message_count == 0, "nothing to complain about");
	load((char *[]){NULL}, false);
	check_all_recipe("empty environment");
	load(NULL, false);
	check_all_recipe("no environment");
}

static void test_values(void)
{
	LOAD("A=1", "SQLPROD_JOURNAL_MODE=Truncate", "SQLPROD_BUSY_TIMEOUT=5", "B=2", "SQLPROD_MMAP_SIZE=keep",
	     "SQLPROD_PROGRAMS=python*,ruby", "SQLPROD_LOG=/var/log/x.%p", "SQLPROD=off");
	check(message_count == 0, "good values bring no complaint");
	check(settings_get(SETTING_JOURNAL_MODE)->number == JOURNAL_TRUNCATE, "journal mode");
	check(settings_get(SETTING_JOURNAL_MODE)->by_operator, "the operator decided the journal mode");
	check(settings_get(SETTING_BUSY_TIMEOUT)->number == 5, "busy timeout");
	check(settings_get(SETTING_MMAP_SIZE)->keep && settings_get(SETTING_MMAP_SIZE)->by_operator, "keep is the operator's word");
	check(strcmp(settings_get(SETTING_PROGRAMS)->text, "python*,ruby") == 0, "programs");
	check(strcmp(settings_get(SETTING_LOG)->text, "/var/log/x.%p") == 0, "log");
	check(settings_get(SETTING_ENABLED)->number == SWITCH_OFF, "off");
	check(is_recipe(SETTING_CACHE_SIZE) && !settings_get(SETTING_CACHE_SIZE)->by_operator, "the rest is the recipe's");

	LOAD("SQLPROD_SYNCHRONOUS=normal");
	check(settings_get(SETTING_SYNCHRONOUS)->by_operator, "the recipe's value, spelt out, is the operator's");

	load((char *[]){"SQLPROD_JOURNAL_MODE=off", "SQLPROD_X=1", NULL}, true);
	check(settings_get(SETTING_ENABLED)->number == SWITCH_OFF && settings_get(SETTING_LOG_LEVEL)->number == LOG_OFF,
	      "a privileged program is left alone, in silence");
	check(is_recipe(SETTING_JOURNAL_MODE) && is_recipe(SETTING_REPORT), "its environment is not read");

	LOAD("PATH=/bin", "LD_PRELOADED=1");
	check(settings_is_machine_wide(), "an environment that names neither the library nor a setting");
	LOAD("PATH=/bin", "LD_PRELOAD=/usr/lib/libsqlprod.so");
	check(!settings_is_machine_wide(), "LD_PRELOAD names the library");
	LOAD("SQLPROD_CACHE_SIZE=5", "LD_PRELOAD=libsqlprod.so");
	check(!settings_is_machine_wide() && settings_get(SETTING_CACHE_SIZE)->by_operator,
	      "LD_PRELOAD and a setting name the library");
	LOAD("SQLPROD_CACHE_SIZE=5");
	check(!settings_is_machine_wide(), "a setting names the library");
	check(message_count == 0, "a privileged program's environment is not even complained about");
}

static void test_every_variable(void)
{
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		char entry[128];
		const char *value = settings_table[i].words ? settings_words[settings_table[i].words][0]
				    : i == SETTING_RESERVE  ? "10"
							    : "0";

		snprintf(entry, sizeof(entry), "%.27s=%.9s", settings_table[i].variable, value);
		LOAD(entry);
		check(settings_get((enum setting)i)->by_operator && message_count == 0, "%s is taken", entry);
		for (size_t other = 0; other < SETTING_COUNT; other++)
			check(other == i || is_recipe((enum setting)other), "%s leaves %s alone", entry,
			      settings_table[other].variable);
	}
}

static void test_environment_forms(void)
{
	char overwritten[] = "SQLPROD_REPORT=/tmp/report";

	LOAD("SQLPROD_JOURNAL_MODE=off", "SQLPROD_JOURNAL_MODE=memory");
	check(settings_get(SETTING_JOURNAL_MODE)->number == JOURNAL_OFF, "of two the first counts");
	LOAD("SQLPROD_JOURNAL_MODE=wall", "SQLPROD_JOURNAL_MODE=memory");
	check(is_recipe(SETTING_JOURNAL_MODE) && message_count == 1, "also if the first is bad");
	LOAD("SQLPROD_JOURNAL_MODE=", "SQLPROD_LOG=", "SQLPROD_UNKNOWN=", "SQLPROD=", "SQLPROD_");
	check_all_recipe("empty values");
	check(message_count == 0, "an empty value is as if unset");
	LOAD("SQLPROD_JOURNAL_MODE", "SQLPROD", "SQLPRODUCTION=1", "SQLPROD2=1");
	check_all_recipe("no value, or another program's variable");
	check(message_count == 0, "neither brings a complaint");
	LOAD("SQLPROD_REPORT=a=b=c");
	check(strcmp(settings_get(SETTING_REPORT)->text, "a=b=c") == 0, "a value may hold equals signs");

	LOAD(overwritten, "SQLPROD_LOG=/tmp/log");
	memset(overwritten, 'x', sizeof(overwritten) - 1);
	check(strcmp(settings_get(SETTING_REPORT)->text, "/tmp/report") == 0, "values survive an overwritten environment");
	check(strcmp(settings_get(SETTING_LOG)->text, "/tmp/log") == 0, "and do not run into each other");
	LOAD("A=1");
	check_all_recipe("loaded again");
}

static const struct {
	const char *entry;
	const char *message;
} complaints[] = {
	{"SQLPROD_JOURNAL_MODE=wall", "SQLPROD_JOURNAL_MODE=\"wall\" is not understood, wal stays in force (allowed: wal, delete, "
				      "truncate, persist, memory, off, keep)"},
	{"SQLPROD=0", "SQLPROD=\"0\" is not understood, on stays in force (allowed: on, off)"},
	{"SQLPROD_BUSY_TIMEOUT=30s",
	 "SQLPROD_BUSY_TIMEOUT=\"30s\" is not understood, 30000 stays in force (allowed: milliseconds from 0 to 2147483647, keep)"},
	{"SQLPROD_LOG_LEVEL=\x1b[31mred\n\"\\\xc3\xa4", "SQLPROD_LOG_LEVEL=\"\\x1b[31mred\\x0a\\x22\\x5c\\xc3\\xa4\" is not "
							"understood, warn stays in force (allowed: off, warn, info, debug)"},
	{"SQLPROD_EMBEDDED="
	 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	 "SQLPROD_EMBEDDED=\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\" is not "
	 "understood, on stays "
	 "in force (allowed: on, off)"},
	{"SQLPROD_QUEUE=1", "SQLPROD_QUEUE is not a setting and has no effect"},
	{"SQLPROD_IN=1", "SQLPROD_IN is not a setting and has no effect"},
	{"SQLPROD_JOURNALMODE=off", "SQLPROD_JOURNALMODE is not a setting and has no effect (did you mean SQLPROD_JOURNAL_MODE?)"},
	{"SQLPROD_journal_mode=off",
	 "SQLPROD_journal_mode is not a setting and has no effect (did you mean SQLPROD_JOURNAL_MODE?)"},
	{"SQLPROD_JOURNAL=off", "SQLPROD_JOURNAL is not a setting and has no effect (did you mean SQLPROD_JOURNAL_MODE?)"},
	{"SQLPROD_SYNC=off", "SQLPROD_SYNC is not a setting and has no effect (did you mean SQLPROD_SYNCHRONOUS?)"},
	{"SQLPROD_TIMEOUT=1", "SQLPROD_TIMEOUT is not a setting and has no effect (did you mean SQLPROD_BUSY_TIMEOUT?)"},
	{"SQLPROD_BUSY_TIMEOUT_MS=1",
	 "SQLPROD_BUSY_TIMEOUT_MS is not a setting and has no effect (did you mean SQLPROD_BUSY_TIMEOUT?)"},
	{"SQLPROD_FOREIGN_KEY=on", "SQLPROD_FOREIGN_KEY is not a setting and has no effect (did you mean SQLPROD_FOREIGN_KEYS?)"},
	{"SQLPROD_CASH_SIZE=1", "SQLPROD_CASH_SIZE is not a setting and has no effect (did you mean SQLPROD_CACHE_SIZE?)"},
	{"SQLPROD_LOGS=x", "SQLPROD_LOGS is not a setting and has no effect (did you mean SQLPROD_LOG?)"},
	{"SQLPROD_\x1b[2J=1", "SQLPROD_\\x1b[2J is not a setting and has no effect"},
};

static void test_complaints(void)
{
	for (size_t i = 0; i < COUNT(complaints); i++) {
		char entry[256];

		snprintf(entry, sizeof(entry), "%s", complaints[i].entry);
		LOAD(entry);
		check(message_count == 1 && strcmp(messages[0], complaints[i].message) == 0, "expected: %s\n        got %zu: %s",
		      complaints[i].message, message_count, messages[0]);
		check_all_recipe(complaints[i].entry);
	}
}

static void test_flood(void)
{
	static char entries[100][600];
	char *environment[101] = {NULL};

	for (size_t i = 0; i < 100; i++) {
		memset(entries[i], '\x01', sizeof(entries[i]) - 1);
		environment[i] = entries[i];
		memcpy(entries[i] + 300, "=1", 2);
		snprintf(entries[i], sizeof(entries[i]), "SQLPROD_%02zu", i);
		entries[i][strlen(entries[i])] = '\x01';
	}
	load(environment, false);
	check(message_count == 24, "a flood of bad variables is cut, got %zu", message_count);
	check(strncmp(messages[0], "SQLPROD_00", 10) == 0, "the first are kept");
	check_all_recipe("flood");
}

int main(void)
{
	test_nothing_of_ours();
	test_values();
	test_every_variable();
	test_environment_forms();
	test_complaints();
	test_flood();
	return check_end();
}
