/* settings.h - the one table of settings, and their values in this process.
 *
 * Parsing, PRAGMAs, the README's table and `sqlprod settings` come from settings_table or are tested against it. */
#ifndef SQLPROD_BASE_SETTINGS_H
#define SQLPROD_BASE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

/* The first SETTING_APPLIED_COUNT are put on each connection and reported for it. */
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
	SETTING_ENABLED,
	SETTING_PROGRAMS,
	SETTING_SKIP_PROGRAMS,
	SETTING_DATABASES,
	SETTING_SKIP_DATABASES,
	SETTING_EMBEDDED,
	SETTING_LOG,
	SETTING_LOG_LEVEL,
	SETTING_REPORT,
	SETTING_REPORT_OPEN,
	SETTING_COUNT
};

enum setting_type {
	SETTING_WORD,     /* one of words */
	SETTING_NUMBER,   /* decimal integer */
	SETTING_SIZE,     /* decimal integer with an optional K, M or G (powers of 1024) */
	SETTING_PATTERNS, /* shell patterns, comma-separated */
	SETTING_FILE,     /* a path */
};

/* Values of the word settings: positions in settings_table[].words, which have the order of SQLite's own numbers where it has them.
 */
enum { JOURNAL_DELETE, JOURNAL_PERSIST, JOURNAL_OFF, JOURNAL_TRUNCATE, JOURNAL_MEMORY, JOURNAL_WAL };
enum { SYNCHRONOUS_OFF, SYNCHRONOUS_NORMAL, SYNCHRONOUS_FULL, SYNCHRONOUS_EXTRA };
enum { FOREIGN_KEYS_OFF, FOREIGN_KEYS_ON };
enum { TEMP_STORE_DEFAULT, TEMP_STORE_FILE, TEMP_STORE_MEMORY };
enum { BUSY_WAIT_FAIR, BUSY_WAIT_SQLITE }; /* keep means as sqlite: there is no program's way of waiting to keep */
enum { TRANSACTION_IMMEDIATE, TRANSACTION_EXCLUSIVE };
enum { SWITCH_OFF, SWITCH_ON };
enum { LOG_OFF, LOG_WARN, LOG_INFO, LOG_DEBUG };

#define SETTINGS_PREFIX "SQLPROD"

struct setting_spec {
	const char *variable; /* SQLPROD_… */
	const char *pragma;   /* NULL where no PRAGMA of that name exists */
	const char *recipe;   /* the default, as it would stand in the environment; "" for none */
	const char *allowed;  /* for people: the README's and the warning's text */
	const char *meaning;
	enum setting_type type;
	bool may_keep;             /* "keep" is allowed */
	const char *const *words;  /* SETTING_WORD: NULL-terminated */
	long long least, greatest; /* SETTING_NUMBER, SETTING_SIZE: in the setting's own unit */
};

extern const struct setting_spec settings_table[SETTING_COUNT];

struct setting_value {
	bool by_operator; /* the environment decided, not the recipe */
	bool keep;        /* leave it to the program */
	long long number; /* position of the word, or the number */
	const char *text; /* SETTING_PATTERNS, SETTING_FILE: never NULL, "" for none */
};

/* What is in force where the operator says nothing. */
extern const struct setting_value settings_recipe[SETTING_COUNT];

/* Parses text as a value of spec. True and *out set if it is one (out->text points to text); false and *out untouched if not.
 * Words are compared without case; numbers are decimal, without blanks, plus sign or fraction. Pure. */
bool setting_parse(const struct setting_spec *spec, const char *text, struct setting_value *out);

/* Writes the value as it would stand in the environment ("wal", "30000", "keep"), cut to size - 1 bytes and terminated. Pure. */
void setting_format(const struct setting_spec *spec, const struct setting_value *value, char *out, size_t size);

/* Does name match one of the comma-separated shell patterns (fnmatch(3), where * matches slashes too)? Blanks around commas do not
 * count; a comma in a name is matched by ?. The empty list matches nothing. Pure, but for memory: without it nothing matches. */
bool settings_match(const char *patterns, const char *name);

/* The setting's variable that somebody who wrote name (length characters, without SETTINGS_PREFIX and its underscore) most likely
 * meant: a slip of two letters, or a part of its name. NULL if none is near. Pure. */
const char *settings_variable_near(const char *name, size_t length);

/* Reads the environment once. A bad value leaves the recipe's and is kept for settings_complain; so is a variable SQLPROD_… that is
 * not in the table. An empty value means: as if unset. Of a variable that stands there twice the first counts, as for getenv.
 * Copies what it keeps: programs overwrite their environment (setproctitle). If privileged (AT_SECURE: setuid, setgid, file
 * capabilities), the environment is not read at all, and the library is off and silent. */
void settings_load(char *const *environment, bool privileged);

/* The same with the environment and the privileges of this process, unless that is done: for the constructor. */
void settings_start(void);

/* Did the library come without being named in the environment, by LD_PRELOAD or by a variable of ours? /etc/ld.so.preload puts it
 * into every program of a machine: there nobody waits for its warnings, and many read what programs print. */
bool settings_nobody_asked(void);

/* The value in force, loaded now if the constructor has not run yet. Never changes after settings_load. */
const struct setting_value *settings_get(enum setting setting);

/* Hands each bad variable found by settings_load to warn (the first 24 of them), as one finished line that names variable, value
 * and what is allowed. It is printable ASCII and at most 511 bytes, whatever the environment held. */
void settings_complain(void (*warn)(const char *message));

#endif
