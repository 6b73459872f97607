/* settings.h - the table of settings, and their values in this process.
 *
 * Parsing, PRAGMAs, the README's table and `sqlprod settings` come from settings_table or are tested against it. */
#ifndef SQLPROD_BASE_SETTINGS_H
#define SQLPROD_BASE_SETTINGS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* The first SETTING_APPLIED_COUNT are applied to each connection and reported for it. */
enum setting {
	SETTING_JOURNAL_MODE,
	SETTING_SYNCHRONOUS,
	SETTING_BUSY_TIMEOUT,
	SETTING_FOREIGN_KEYS,
	SETTING_TEMP_STORE,
	SETTING_MMAP_SIZE,
	SETTING_JOURNAL_SIZE_LIMIT,
	SETTING_CACHE_SIZE,
	SETTING_WAL_AUTOCHECKPOINT,
	SETTING_APPLIED_COUNT,

	SETTING_BUSY_WAIT = SETTING_APPLIED_COUNT,
	SETTING_BEGIN,
	SETTING_BEGIN_DEFERRED,
	SETTING_RESERVE,
	SETTING_GROUP_COMMIT,
	SETTING_IDLE_CHECKPOINT,
	SETTING_ENABLED,
	SETTING_PROGRAMS,
	SETTING_SKIP_PROGRAMS,
	SETTING_DATABASES,
	SETTING_SKIP_DATABASES,
	SETTING_EMBEDDED,
	SETTING_LOG,
	SETTING_LOG_LEVEL,
	SETTING_LOG_WAIT,
	SETTING_LOG_TRANSACTION,
	SETTING_REPORT,
	SETTING_REPORT_INTERVAL,
	SETTING_REPORT_OPEN,
	SETTING_COUNT
};

enum setting_type {
	SETTING_WORD,     /* one of words */
	SETTING_NUMBER,   /* decimal integer */
	SETTING_SIZE,     /* decimal integer with an optional K, M or G (powers of 1024) */
	SETTING_CACHE,    /* decimal integer; with K, M or G the same in KiB, negative: 64M is -65536 */
	SETTING_PATTERNS, /* shell patterns, comma-separated */
	SETTING_FILE,     /* a path */
};

/* Values of the word settings: places in a row of settings_words, which follow SQLite's own numbers where it has them. */
enum { JOURNAL_DELETE, JOURNAL_PERSIST, JOURNAL_OFF, JOURNAL_TRUNCATE, JOURNAL_MEMORY, JOURNAL_WAL };
enum { SYNCHRONOUS_OFF, SYNCHRONOUS_NORMAL, SYNCHRONOUS_FULL, SYNCHRONOUS_EXTRA };
enum { FOREIGN_KEYS_OFF, FOREIGN_KEYS_ON };
enum { TEMP_STORE_DEFAULT, TEMP_STORE_FILE, TEMP_STORE_MEMORY };
enum { BUSY_WAIT_FAIR, BUSY_WAIT_SQLITE }; /* keep means sqlite: a program has no other way of waiting to keep */
enum { TRANSACTION_RESERVE, TRANSACTION_IMMEDIATE, TRANSACTION_EXCLUSIVE, TRANSACTION_AUTO };
enum { GROUP_COMMIT_OFF, GROUP_COMMIT_AUTO, GROUP_COMMIT_ON };
enum { SWITCH_OFF, SWITCH_ON };
enum { LOG_OFF, LOG_WARN, LOG_INFO, LOG_DEBUG };

#define SETTINGS_PREFIX "SQLPROD"

/* The words that settings take: rows of settings_words. */
enum setting_words {
	WORDS_NONE,
	WORDS_JOURNAL,
	WORDS_SYNCHRONOUS,
	WORDS_TEMP_STORE,
	WORDS_BUSY_WAIT,
	WORDS_BEGIN,
	WORDS_BEGIN_DEFERRED,
	WORDS_GROUP_COMMIT,
	WORDS_SWITCH,
	WORDS_LOG_LEVEL,
	WORDS_COUNT
};

/* Arrays in place of pointers: the loader would relocate each pointer in every process under the preload. */
struct setting_spec {
	char variable[28]; /* SQLPROD_… */
	char pragma[20];   /* "" where no PRAGMA of that name exists */
	char recipe[12];   /* the default, written as in the environment; "" for none */
	char allowed[60];  /* the allowed values in words, for the README and warnings */
	char meaning[108];
	enum setting_type type;
	bool may_keep;             /* "keep" is allowed */
	enum setting_words words;  /* SETTING_WORD; else WORDS_NONE */
	long long least, greatest; /* SETTING_NUMBER, SETTING_SIZE, SETTING_CACHE: in the setting's own unit */
};

#define SETTING_WORD_SIZE 10
extern const char settings_words[WORDS_COUNT][7][SETTING_WORD_SIZE]; /* "" follows the last of a row */
extern const struct setting_spec settings_table[SETTING_COUNT];

struct setting_value {
	bool by_operator; /* the environment decided, not the recipe */
	bool keep;        /* leave it to the program */
	long long number; /* position of the word, or the number */
	const char *text; /* SETTING_PATTERNS, SETTING_FILE: never NULL, "" for none */
};

/* The values in force where the environment has none. */
extern const struct setting_value settings_recipe[SETTING_COUNT] __attribute__((visibility("hidden")));

/* Parses text as a value of spec. True, with *out set (out->text points to text), if it is one; else false, with *out untouched.
 * Words are compared without case; numbers are decimal, without blanks, plus sign or fraction. Pure. */
bool setting_parse(const struct setting_spec *spec, const char *text, struct setting_value *out);

/* Writes the value as the environment would have it ("wal", "30000", "keep"), cut to size - 1 bytes and terminated. Pure. */
void setting_format(const struct setting_spec *spec, const struct setting_value *value, char *out, size_t size);

/* Does name match one of the comma-separated shell patterns (fnmatch(3), where * matches slashes too)? Blanks around commas are
 * ignored; ? matches a comma in a name. The empty list matches nothing. Pure, but allocates: nothing matches when memory is out. */
bool settings_match(const char *patterns, const char *name);

/* The same for an absolute path. A pattern that is relative, or a bare name, matches a path that ends in as many components; one
 * that goes through a symbolic link matches what it leads to, for which it is looked up on the disk. */
bool settings_match_path(const char *patterns, const char *path);

/* Why the next pattern of the list can match nothing ("no path has .. in it"), with its place and length; NULL if all the others
 * can. *patterns is moved on. Pure. */
const char *settings_pattern_flaw(const char **patterns, const char **pattern, size_t *length);

/* The variable that was most likely meant by name (length characters, without SETTINGS_PREFIX and its underscore): one that differs
 * in at most two letters, or has name as a part. NULL if there is none. Pure. */
const char *settings_variable_near(const char *name, size_t length);

/* Reads the environment once. A bad value leaves the recipe's value in force and is recorded for settings_complain; so is a
 * variable SQLPROD_… that is not in the table. An empty value counts as unset. If a variable occurs twice the first one counts, as
 * for getenv. The values are copied: programs overwrite their environment (setproctitle). If privileged (AT_SECURE: setuid, setgid,
 * file capabilities), the environment is not read at all, and the library is off and silent. */
void settings_load(char *const *environment, bool privileged);

/* Calls settings_load with the environment and the privileges of this process, unless that was done. For the constructor. */
void settings_start(void);

/* Does the environment name the library neither in LD_PRELOAD nor by a variable of ours? Then /etc/ld.so.preload loads it into
 * every program of the machine: its warnings would land in output that other programs parse, and are not written. */
bool settings_is_machine_wide(void);

/* The values in force, and what stands there before loading: not NULL, so that the pointer lies in .data, in a page that the loader
 * writes to anyway. */
extern const struct setting_value *_Atomic settings_in_force __attribute__((visibility("hidden")));
#define SETTINGS_NOT_LOADED (settings_recipe + SETTING_COUNT)

/* The value in force; loads the settings if the constructor has not run yet. Never changes after settings_load. */
static inline const struct setting_value *settings_get(enum setting setting)
{
	const struct setting_value *values = atomic_load_explicit(&settings_in_force, memory_order_acquire);

	/* constructors of the libraries that a program is linked to run before ours, and may open databases */
	if (__builtin_expect(values == SETTINGS_NOT_LOADED, 0)) {
		settings_start();
		values = atomic_load_explicit(&settings_in_force, memory_order_acquire);
	}
	return &values[setting];
}

/* Are the recipe's values in force, all of them? Reads none of them. */
static inline bool settings_are_of_recipe(void)
{
	return settings_get((enum setting)0) == settings_recipe;
}

/* Calls warn for each bad variable that settings_load found (the first 24 of them), with one line that names the variable, its
 * value and the allowed values. The line is printable ASCII and at most 511 bytes long, whatever the environment held. */
void settings_complain(void (*warn)(const char *message));

#endif
