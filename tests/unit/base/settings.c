/* The table of settings, values and their text, patterns. */
#include "base/settings.h"

#include <limits.h>
#include <string.h>

#include "../check.h"

static bool value_is(const struct setting_value *a, const struct setting_value *b)
{
	return a->keep == b->keep && a->number == b->number && strcmp(a->text, b->text) == 0;
}

/* design.md's table; words in the order of the header's enums. */
static const struct {
	const char *variable, *pragma, *recipe, *words;
} designed[SETTING_COUNT] = {
	[SETTING_JOURNAL_MODE] = {"SQLPROD_JOURNAL_MODE", "journal_mode", "wal", "delete persist off truncate memory wal keep"},
	[SETTING_SYNCHRONOUS] = {"SQLPROD_SYNCHRONOUS", "synchronous", "normal", "off normal full extra keep"},
	[SETTING_BUSY_TIMEOUT] = {"SQLPROD_BUSY_TIMEOUT", "busy_timeout", "30000", "keep"},
	[SETTING_FOREIGN_KEYS] = {"SQLPROD_FOREIGN_KEYS", "foreign_keys", "on", "off on keep"},
	[SETTING_TEMP_STORE] = {"SQLPROD_TEMP_STORE", "temp_store", "memory", "default file memory keep"},
	[SETTING_MMAP_SIZE] = {"SQLPROD_MMAP_SIZE", "mmap_size", "134217728", "keep"},
	[SETTING_JOURNAL_SIZE_LIMIT] = {"SQLPROD_JOURNAL_SIZE_LIMIT", "journal_size_limit", "67108864", "keep"},
	[SETTING_CACHE_SIZE] = {"SQLPROD_CACHE_SIZE", "cache_size", "-20000", "keep"},
	[SETTING_WAL_AUTOCHECKPOINT] = {"SQLPROD_WAL_AUTOCHECKPOINT", "wal_autocheckpoint", "keep", "keep"},
	[SETTING_BUSY_WAIT] = {"SQLPROD_BUSY_WAIT", NULL, "fair", "fair sqlite keep"},
	[SETTING_BEGIN] = {"SQLPROD_BEGIN", NULL, "auto", "reserve immediate exclusive auto keep"},
	[SETTING_BEGIN_DEFERRED] = {"SQLPROD_BEGIN_DEFERRED", NULL, "reserve", "reserve immediate exclusive keep"},
	[SETTING_RESERVE] = {"SQLPROD_RESERVE", NULL, "500", ""},
	[SETTING_GROUP_COMMIT] = {"SQLPROD_GROUP_COMMIT", NULL, "auto", "off auto on"},
	[SETTING_IDLE_CHECKPOINT] = {"SQLPROD_IDLE_CHECKPOINT", NULL, "on", "off on"},
	[SETTING_ENABLED] = {"SQLPROD", NULL, "on", "off on"},
	[SETTING_PROGRAMS] = {"SQLPROD_PROGRAMS", NULL, "*", ""},
	[SETTING_SKIP_PROGRAMS] = {"SQLPROD_SKIP_PROGRAMS", NULL, "", ""},
	[SETTING_DATABASES] = {"SQLPROD_DATABASES", NULL, "*", ""},
	[SETTING_SKIP_DATABASES] = {"SQLPROD_SKIP_DATABASES", NULL, "", ""},
	[SETTING_EMBEDDED] = {"SQLPROD_EMBEDDED", NULL, "on", "off on"},
	[SETTING_LOG] = {"SQLPROD_LOG", NULL, "stderr", ""},
	[SETTING_LOG_LEVEL] = {"SQLPROD_LOG_LEVEL", NULL, "warn", "off warn info debug"},
	[SETTING_LOG_WAIT] = {"SQLPROD_LOG_WAIT", NULL, "5000", ""},
	[SETTING_LOG_TRANSACTION] = {"SQLPROD_LOG_TRANSACTION", NULL, "5000", ""},
	[SETTING_REPORT] = {"SQLPROD_REPORT", NULL, "", ""},
	[SETTING_REPORT_INTERVAL] = {"SQLPROD_REPORT_INTERVAL", NULL, "0", ""},
	[SETTING_REPORT_OPEN] = {"SQLPROD_REPORT_OPEN", NULL, "off", "off on"},
};

/* Is word one of the comma-separated words of list? */
static bool list_has(const char *list, const char *word)
{
	const char *at = list;
	size_t length = strlen(word);

	while ((at = strstr(at, word))) {
		if ((at == list || at[-1] == ' ') && (!at[length] || at[length] == ','))
			return true;
		at++;
	}
	return false;
}

static void test_table(void)
{
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const struct setting_spec *spec = &settings_table[i];
		struct setting_value parsed;
		char words[128] = "";

		check(strcmp(spec->variable, designed[i].variable) == 0, "variable %zu is %s", i, spec->variable);
		check(strcmp(spec->recipe, designed[i].recipe) == 0, "recipe of %s is %s", spec->variable, spec->recipe);
		check((i < SETTING_APPLIED_COUNT) == (*spec->pragma != '\0'), "%s is applied and has a PRAGMA, or neither",
		      spec->variable);
		check(!*spec->pragma || strcmp(spec->pragma, designed[i].pragma) == 0, "PRAGMA of %s is %s", spec->variable,
		      spec->pragma);
		check(*spec->allowed && *spec->meaning, "%s has texts for people", spec->variable);
		check((spec->type == SETTING_WORD) == (spec->words != WORDS_NONE), "%s has words if it takes words",
		      spec->variable);

		for (size_t word = 0; *settings_words[spec->words][word]; word++) {
			check(list_has(spec->allowed, settings_words[spec->words][word]), "%s names %s as allowed", spec->variable,
			      settings_words[spec->words][word]);
			snprintf(words + strlen(words), sizeof(words) - strlen(words), "%s%s", *words ? " " : "",
				 settings_words[spec->words][word]);
		}
		check(list_has(spec->allowed, "keep") == spec->may_keep, "%s names keep if it is allowed", spec->variable);
		snprintf(words + strlen(words), sizeof(words) - strlen(words), "%s%s", spec->may_keep && *words ? " " : "",
			 spec->may_keep ? "keep" : "");
		check(strcmp(words, designed[i].words) == 0, "words of %s are %s", spec->variable, words);

		check(setting_parse(spec, spec->recipe, &parsed) && value_is(&parsed, &settings_recipe[i]),
		      "settings_recipe holds what %s=%s says", spec->variable, spec->recipe);
		check(!settings_recipe[i].by_operator && settings_recipe[i].text, "recipe of %s is the recipe's", spec->variable);
	}
}

static const struct {
	enum setting setting;
	int word;
	const char *text;
} positions[] = {
	{SETTING_JOURNAL_MODE, JOURNAL_DELETE, "delete"},
	{SETTING_JOURNAL_MODE, JOURNAL_PERSIST, "persist"},
	{SETTING_JOURNAL_MODE, JOURNAL_OFF, "off"},
	{SETTING_JOURNAL_MODE, JOURNAL_TRUNCATE, "truncate"},
	{SETTING_JOURNAL_MODE, JOURNAL_MEMORY, "memory"},
	{SETTING_JOURNAL_MODE, JOURNAL_WAL, "wal"},
	{SETTING_SYNCHRONOUS, SYNCHRONOUS_OFF, "off"},
	{SETTING_SYNCHRONOUS, SYNCHRONOUS_NORMAL, "normal"},
	{SETTING_SYNCHRONOUS, SYNCHRONOUS_FULL, "full"},
	{SETTING_SYNCHRONOUS, SYNCHRONOUS_EXTRA, "extra"},
	{SETTING_FOREIGN_KEYS, FOREIGN_KEYS_OFF, "off"},
	{SETTING_FOREIGN_KEYS, FOREIGN_KEYS_ON, "on"},
	{SETTING_TEMP_STORE, TEMP_STORE_DEFAULT, "default"},
	{SETTING_TEMP_STORE, TEMP_STORE_FILE, "file"},
	{SETTING_TEMP_STORE, TEMP_STORE_MEMORY, "memory"},
	{SETTING_BUSY_WAIT, BUSY_WAIT_FAIR, "fair"},
	{SETTING_BUSY_WAIT, BUSY_WAIT_SQLITE, "sqlite"},
	{SETTING_BEGIN, TRANSACTION_AUTO, "auto"},
	{SETTING_BEGIN, TRANSACTION_RESERVE, "reserve"},
	{SETTING_BEGIN, TRANSACTION_IMMEDIATE, "immediate"},
	{SETTING_BEGIN, TRANSACTION_EXCLUSIVE, "exclusive"},
	{SETTING_BEGIN_DEFERRED, TRANSACTION_EXCLUSIVE, "Exclusive"},
	{SETTING_ENABLED, SWITCH_OFF, "OFF"},
	{SETTING_EMBEDDED, SWITCH_ON, "On"},
	{SETTING_LOG_LEVEL, LOG_OFF, "off"},
	{SETTING_LOG_LEVEL, LOG_WARN, "warn"},
	{SETTING_LOG_LEVEL, LOG_INFO, "info"},
	{SETTING_LOG_LEVEL, LOG_DEBUG, "dEBUG"},
};

/* C leaves out the end of a string that just fits into its array. */
static void test_ends(void)
{
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const struct setting_spec *spec = &settings_table[i];

		check(!spec->variable[sizeof(spec->variable) - 1] && !spec->pragma[sizeof(spec->pragma) - 1] &&
			      !spec->recipe[sizeof(spec->recipe) - 1] && !spec->allowed[sizeof(spec->allowed) - 1] &&
			      !spec->meaning[sizeof(spec->meaning) - 1],
		      "the texts of %.20s end inside of their arrays", spec->variable);
	}
	for (size_t row = 0; row < WORDS_COUNT; row++) {
		for (size_t word = 0; word < COUNT(settings_words[row]); word++)
			check(!settings_words[row][word][SETTING_WORD_SIZE - 1], "word %zu of row %zu ends inside of its array",
			      word, row);
		check(!*settings_words[row][COUNT(settings_words[row]) - 1] &&
			      (settings_words[row][0][0] == '\0') == (row == WORDS_NONE),
		      "row %zu of words has some, and ends", row);
	}
}

static void test_words(void)
{
	for (size_t i = 0; i < COUNT(positions); i++) {
		const struct setting_spec *spec = &settings_table[positions[i].setting];
		struct setting_value value = {.number = -1};

		check(setting_parse(spec, positions[i].text, &value) && value.number == positions[i].word && !value.keep,
		      "%s=%s is %d, got %lld", spec->variable, positions[i].text, positions[i].word, value.number);
	}
}

static const struct {
	enum setting setting;
	const char *text;
	long long number;
} numbers[] = {
	{SETTING_BUSY_TIMEOUT, "0", 0},
	{SETTING_BUSY_TIMEOUT, "2147483647", INT_MAX},
	{SETTING_BUSY_TIMEOUT, "007", 7},
	{SETTING_MMAP_SIZE, "0", 0},
	{SETTING_MMAP_SIZE, "1k", 1024},
	{SETTING_MMAP_SIZE, "1K", 1024},
	{SETTING_MMAP_SIZE, "64m", 64LL << 20},
	{SETTING_MMAP_SIZE, "2G", 2LL << 30},
	{SETTING_MMAP_SIZE, "9223372036854775807", LLONG_MAX},
	{SETTING_MMAP_SIZE, "8589934591G", 8589934591LL << 30},
	{SETTING_JOURNAL_SIZE_LIMIT, "-1", -1},
	{SETTING_JOURNAL_SIZE_LIMIT, "0", 0},
	{SETTING_JOURNAL_SIZE_LIMIT, "10M", 10LL << 20},
	{SETTING_CACHE_SIZE, "-2147483647", -INT_MAX},
	{SETTING_CACHE_SIZE, "2147483647", INT_MAX},
	{SETTING_CACHE_SIZE, "-0", 0},
	{SETTING_CACHE_SIZE, "64M", -65536},
	{SETTING_CACHE_SIZE, "20000k", -20000},
	{SETTING_CACHE_SIZE, "1G", -1048576},
	{SETTING_WAL_AUTOCHECKPOINT, "0", 0},
	{SETTING_WAL_AUTOCHECKPOINT, "1000", 1000},
};

static const struct {
	enum setting setting;
	const char *text;
} refused[] = {
	{SETTING_JOURNAL_MODE, ""},
	{SETTING_JOURNAL_MODE, "wall"},
	{SETTING_JOURNAL_MODE, "wa"},
	{SETTING_JOURNAL_MODE, " wal"},
	{SETTING_JOURNAL_MODE, "wal "},
	{SETTING_JOURNAL_MODE, "5"},
	{SETTING_JOURNAL_MODE, "w\xc3\xa4l"},
	{SETTING_ENABLED, "keep"},
	{SETTING_ENABLED, "0"},
	{SETTING_EMBEDDED, "keep"},
	{SETTING_LOG_LEVEL, "keep"},
	{SETTING_LOG_LEVEL, "warning"},
	{SETTING_BUSY_TIMEOUT, ""},
	{SETTING_BUSY_TIMEOUT, "-1"},
	{SETTING_BUSY_TIMEOUT, "2147483648"},
	{SETTING_BUSY_TIMEOUT, "30s"},
	{SETTING_BUSY_TIMEOUT, "1K"},
	{SETTING_BUSY_TIMEOUT, "+1"},
	{SETTING_BUSY_TIMEOUT, " 1"},
	{SETTING_BUSY_TIMEOUT, "1 "},
	{SETTING_BUSY_TIMEOUT, "0x10"},
	{SETTING_BUSY_TIMEOUT, "1e3"},
	{SETTING_BUSY_TIMEOUT, "-"},
	{SETTING_BUSY_TIMEOUT, "--1"},
	{SETTING_BUSY_TIMEOUT, "99999999999999999999"},
	{SETTING_MMAP_SIZE, "-1"},
	{SETTING_MMAP_SIZE, "K"},
	{SETTING_MMAP_SIZE, "1KB"},
	{SETTING_MMAP_SIZE, "1 K"},
	{SETTING_MMAP_SIZE, "1T"},
	{SETTING_MMAP_SIZE, "1.5G"},
	{SETTING_MMAP_SIZE, "9223372036854775808"},
	{SETTING_MMAP_SIZE, "8589934592G"},
	{SETTING_MMAP_SIZE, "-9223372036854775808G"},
	{SETTING_JOURNAL_SIZE_LIMIT, "-2"},
	{SETTING_JOURNAL_SIZE_LIMIT, "-1K"},
	{SETTING_CACHE_SIZE, "-2147483648"},
	{SETTING_CACHE_SIZE, "2147483648"},
	{SETTING_CACHE_SIZE, "-20M"},
	{SETTING_CACHE_SIZE, "0M"},
	{SETTING_CACHE_SIZE, "20MB"},
	{SETTING_CACHE_SIZE, "3T"},
	{SETTING_CACHE_SIZE, "2048G"},
	{SETTING_WAL_AUTOCHECKPOINT, "-1"},
};

static void test_numbers(void)
{
	for (size_t i = 0; i < COUNT(numbers); i++) {
		const struct setting_spec *spec = &settings_table[numbers[i].setting];
		struct setting_value value = {.number = -99};

		check(setting_parse(spec, numbers[i].text, &value) && value.number == numbers[i].number && !value.keep,
		      "%s=%s is %lld, got %lld", spec->variable, numbers[i].text, numbers[i].number, value.number);
	}
	for (size_t i = 0; i < COUNT(refused); i++) {
		const struct setting_spec *spec = &settings_table[refused[i].setting];
		struct setting_value value = {.number = -99, .text = "untouched"};

		check(!setting_parse(spec, refused[i].text, &value), "%s=\"%s\" is refused", spec->variable, refused[i].text);
		check(value.number == -99 && strcmp(value.text, "untouched") == 0, "%s=\"%s\" touches nothing", spec->variable,
		      refused[i].text);
	}
}

static void test_format(void)
{
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const struct setting_spec *spec = &settings_table[i];
		struct setting_value value;
		char text[64], cut[3] = "??";

		setting_format(spec, &settings_recipe[i], text, sizeof(text));
		check(strcmp(text, spec->recipe) == 0, "recipe of %s is written %s", spec->variable, text);
		setting_format(spec, &settings_recipe[i], cut, sizeof(cut));
		check(strncmp(cut, spec->recipe, 2) == 0 && strlen(cut) <= 2, "recipe of %s is cut to %s", spec->variable, cut);
		if (spec->may_keep) {
			check(setting_parse(spec, "KEEP", &value) && value.keep, "%s takes keep", spec->variable);
			setting_format(spec, &value, text, sizeof(text));
			check(strcmp(text, "keep") == 0, "keep of %s is written %s", spec->variable, text);
		}
		for (size_t word = 0; *settings_words[spec->words][word]; word++) {
			setting_format(spec, &(struct setting_value){.number = (long long)word, .text = ""}, text, sizeof(text));
			check(setting_parse(spec, text, &value) && value.number == (long long)word, "%s=%s comes back",
			      spec->variable, text);
		}
	}
}

static const struct {
	const char *patterns, *name;
	bool matches;
} matches[] = {
	{"", "python3", false},
	{"", "", false},
	{"*", "python3", true},
	{"*", "", true},
	{"*", "/srv/a/b.db", true},
	{"python3", "python3", true},
	{"python", "python3", false},
	{"Python3", "python3", false},
	{"python*", "python3.11", true},
	{"ruby,python*", "python3", true},
	{"ruby , python* ", "python3", true},
	{" \tpython3\n", "python3", true},
	{"ruby,,python3,", "python3", true},
	{",", "", false},
	{" , ", " ", false},
	{"ruby,perl", "python3", false},
	{"/srv/*.db", "/srv/a/b.db", true},
	{"/srv/*.db", "/srv/a/b.db-wal", false},
	{"/srv/[ab]/*", "/srv/b/x", true},
	{"/srv/[!ab]/*", "/srv/b/x", false},
	{"/srv/my file.db", "/srv/my file.db", true},
	{"/srv/a?b.db", "/srv/a,b.db", true},
	{"*/.hidden/*", "/home/x/.hidden/y", true},
	{"\\*", "*", true},
	{"\\*", "x", false},
	{"[", "[", true},
};

static const struct {
	const char *patterns, *path;
	bool matches;
} path_matches[] = {
	{"", "/srv/shop.db", false},
	{"*", "/srv/shop.db", true},
	{"*", "", true},
	{"shop.db", "/srv/shop.db", true},
	{"shop.db", "/srv/workshop.db", false},
	{"shop.db", "/srv/shop.db/x", false},
	{"shop.db", "", false},
	{"sh*.db", "/srv/shop.db", true},
	{"sh*.db", "/srv/shops/other.db", false},
	{"./shop.db", "/srv/shop.db", true},
	{"data/shop.db", "/srv/data/shop.db", true},
	{"data/shop.db", "/srv/mydata/shop.db", false},
	{"data/shop.db", "/data/shop.db", true},
	{"data/*.db", "/srv/data/a.db", true},
	{"data/*.db", "/srv/data/deep/a.db", false},
	{"a/b/c", "/b/c", false},
	{"other.db,data/*", "/srv/data/a.db", true},
	{"/srv/shop.db", "/srv/shop.db", true},
	{"/srv/shop.db", "/old/srv/shop.db", false},
	{"*/shop.db", "/old/srv/shop.db", true},
	{"/proc/self/nowhere/shop.db", "/srv/shop.db", false},
};

static void test_match_path(void)
{
	for (size_t i = 0; i < COUNT(path_matches); i++)
		check(settings_match_path(path_matches[i].patterns, path_matches[i].path) == path_matches[i].matches,
		      "\"%s\" and the path \"%s\"", path_matches[i].patterns, path_matches[i].path);
}

static void test_pattern_flaw(void)
{
	static const char *const good[] = {"",     ",",   "*",    "shop.db",  "./shop.db", "/srv/*",     "data/.hidden",
					   "a..b", "...", ".env", "/srv/..x", "x../y",     "my file.db", "*/[ab].db",
					   "[",    "a~b"};
	static const char *const bad[] = {
		"../shop.db",    "/srv/../shop.db", "..",           "/srv/./shop.db", ".",      "/srv/data/",
		"/srv//shop.db", "~/shop.db",       "file:shop.db", ":memory:",       "/srv/.."};
	const char *pattern, *list;
	size_t length;

	for (size_t i = 0; i < COUNT(good); i++) {
		list = good[i];
		check(!settings_pattern_flaw(&list, &pattern, &length), "\"%s\" can match", good[i]);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		list = bad[i];
		check(settings_pattern_flaw(&list, &pattern, &length) && length == strlen(bad[i]), "\"%s\" cannot match", bad[i]);
	}
	list = "a.db, ../b.db ,c.db,/d/";
	check(settings_pattern_flaw(&list, &pattern, &length) && length == 7 && memcmp(pattern, "../b.db", 7) == 0,
	      "the first in a list");
	check(settings_pattern_flaw(&list, &pattern, &length) && length == 3 && memcmp(pattern, "/d/", 3) == 0,
	      "the second in a list");
	check(!settings_pattern_flaw(&list, &pattern, &length), "no third in a list");
}

static void test_match(void)
{
	char long_list[9000];

	for (size_t i = 0; i < COUNT(matches); i++)
		check(settings_match(matches[i].patterns, matches[i].name) == matches[i].matches, "\"%s\" and \"%s\"",
		      matches[i].patterns, matches[i].name);
	memset(long_list, 'a', sizeof(long_list));
	memcpy(long_list + sizeof(long_list) - 9, ",python3", 9);
	check(settings_match(long_list, "python3"), "a pattern behind a very long one");
}

int main(void)
{
	test_table();
	test_ends();
	test_words();
	test_numbers();
	test_format();
	test_match();
	test_match_path();
	test_pattern_flaw();
	return check_end();
}
