/* settings_table.c - the table of settings, and the recipe.
 *
 * Data only. settings_recipe holds the table's recipe texts as setting_parse would parse them, so that a process without SQLite
 * parses nothing; a unit test compares the two. */
#include "base/settings.h"

#include <limits.h>

#define PREFIX "SQLPROD"

static const char *const journal_words[] = {"delete", "persist", "off", "truncate", "memory", "wal", NULL};
static const char *const synchronous_words[] = {"off", "normal", "full", "extra", NULL};
static const char *const temp_store_words[] = {"default", "file", "memory", NULL};
static const char *const busy_wait_words[] = {"fair", "sqlite", NULL};
static const char *const begin_words[] = {"reserve", "immediate", "exclusive", "auto", NULL};
static const char *const begin_deferred_words[] = {"reserve", "immediate", "exclusive", NULL};
static const char *const group_commit_words[] = {"off", "auto", "on", NULL};
static const char *const switch_words[] = {"off", "on", NULL};
static const char *const log_level_words[] = {"off", "warn", "info", "debug", NULL};

/* variable, pragma, recipe, allowed, meaning, type, may_keep, words, least, greatest */
const struct setting_spec settings_table[SETTING_COUNT] = {
	[SETTING_JOURNAL_MODE] = {PREFIX "_JOURNAL_MODE", "journal_mode", "wal",
				  "wal, delete, truncate, persist, memory, off, keep",
				  "how a commit is kept safe; wal lets readers and a writer work at once", SETTING_WORD, true,
				  journal_words, 0, 0},
	[SETTING_SYNCHRONOUS] = {PREFIX "_SYNCHRONOUS", "synchronous", "normal", "off, normal, full, extra, keep",
				 "when to wait for the disk; the recipe's normal holds only where WAL is in effect", SETTING_WORD,
				 true, synchronous_words, 0, 0},
	[SETTING_BUSY_TIMEOUT] = {PREFIX "_BUSY_TIMEOUT", "busy_timeout", "30000", "milliseconds from 0 to 2147483647, keep",
				  "how long to wait for a lock; the recipe's value is a floor under the program's", SETTING_NUMBER,
				  true, NULL, 0, INT_MAX},
	[SETTING_FOREIGN_KEYS] = {PREFIX "_FOREIGN_KEYS", "foreign_keys", "on", "on, off, keep",
				  "enforce foreign keys, unless the program turns them off", SETTING_WORD, true, switch_words, 0,
				  0},
	[SETTING_TEMP_STORE] = {PREFIX "_TEMP_STORE", "temp_store", "memory", "default, file, memory, keep",
				"where temporary tables and indices live", SETTING_WORD, true, temp_store_words, 0, 0},
	[SETTING_MMAP_SIZE] = {PREFIX "_MMAP_SIZE", "mmap_size", "134217728", "bytes (K, M or G may follow), 0 for none, keep",
			       "how much of the file to read through a memory map", SETTING_SIZE, true, NULL, 0, LLONG_MAX},
	[SETTING_JOURNAL_SIZE_LIMIT] = {PREFIX "_JOURNAL_SIZE_LIMIT", "journal_size_limit", "67108864",
					"bytes (K, M or G may follow), -1 for none, keep",
					"what the journal or WAL file is cut back to after use", SETTING_SIZE, true, NULL, -1,
					LLONG_MAX},
	[SETTING_CACHE_SIZE] = {PREFIX "_CACHE_SIZE", "cache_size", "-20000",
				"KiB if negative, pages if positive, 64M for -65536, keep", "page cache of each connection",
				SETTING_CACHE, true, NULL, -INT_MAX, INT_MAX},
	[SETTING_WAL_AUTOCHECKPOINT] = {PREFIX "_WAL_AUTOCHECKPOINT", "wal_autocheckpoint", "keep", "pages, 0 for never, keep",
					"how long the WAL grows before it is copied into the database", SETTING_NUMBER, true, NULL,
					0, INT_MAX},
	[SETTING_BUSY_WAIT] = {PREFIX "_BUSY_WAIT", NULL, "fair", "fair, sqlite, keep",
			       "how to wait for a lock: woken in order, or by SQLite's own sleeps (keep means the same)",
			       SETTING_WORD, true, busy_wait_words, 0, 0},
	[SETTING_BEGIN] =
		{PREFIX "_BEGIN", NULL, "auto", "auto, immediate, reserve, exclusive, keep",
		 "what a plain BEGIN becomes; auto: it takes the write lock, but only against programs without the library",
		 SETTING_WORD, true, begin_words, 0, 0},
	[SETTING_BEGIN_DEFERRED] = {PREFIX "_BEGIN_DEFERRED", NULL, "reserve", "reserve, immediate, exclusive, keep",
				    "what a spelt-out BEGIN DEFERRED, or a SAVEPOINT outside of a transaction, becomes",
				    SETTING_WORD, true, begin_deferred_words, 0, 0},
	[SETTING_RESERVE] = {PREFIX "_RESERVE", NULL, "500", "milliseconds from 10 to 60000",
			     "how long a transaction that has only read keeps others from writing", SETTING_NUMBER, false, NULL, 10,
			     60000},
	[SETTING_GROUP_COMMIT] = {PREFIX "_GROUP_COMMIT", NULL, "auto", "off, auto, on",
				  "durable commits wait for the disk after the lock is free; auto: those of SQLPROD_SYNCHRONOUS",
				  SETTING_WORD, false, group_commit_words, 0, 0},
	[SETTING_ENABLED] = {PREFIX, NULL, "on", "on, off", "off makes the library a pass-through", SETTING_WORD, false,
			     switch_words, 0, 0},
	[SETTING_PROGRAMS] = {PREFIX "_PROGRAMS", NULL, "*", "shell patterns, comma-separated",
			      "programs to serve, by the name of the executable, script or module", SETTING_PATTERNS, false, NULL,
			      0, 0},
	[SETTING_SKIP_PROGRAMS] = {PREFIX "_SKIP_PROGRAMS", NULL, "", "shell patterns, comma-separated",
				   "programs to leave alone, by the name of the executable, script or module", SETTING_PATTERNS,
				   false, NULL, 0, 0},
	[SETTING_DATABASES] = {PREFIX "_DATABASES", NULL, "*", "shell patterns, comma-separated",
			       "databases to serve, by their path or its end", SETTING_PATTERNS, false, NULL, 0, 0},
	[SETTING_SKIP_DATABASES] = {PREFIX "_SKIP_DATABASES", NULL, "", "shell patterns, comma-separated",
				    "databases to leave alone, by their path or its end", SETTING_PATTERNS, false, NULL, 0, 0},
	[SETTING_EMBEDDED] = {PREFIX "_EMBEDDED", NULL, "on", "on, off",
			      "reach copies of SQLite that a program carries inside itself", SETTING_WORD, false, switch_words, 0,
			      0},
	[SETTING_LOG] = {PREFIX "_LOG", NULL, "stderr", "stderr, or a file to append to (%p becomes the pid)", "where warnings go",
			 SETTING_FILE, false, NULL, 0, 0},
	[SETTING_LOG_LEVEL] = {PREFIX "_LOG_LEVEL", NULL, "warn", "off, warn, info, debug", "how much is logged", SETTING_WORD,
			       false, log_level_words, 0, 0},
	[SETTING_LOG_WAIT] = {PREFIX "_LOG_WAIT", NULL, "5000", "milliseconds from 0 to 2147483647, 0 for never",
			      "a wait for a lock that takes so long, or fails, is logged with the process that holds the lock",
			      SETTING_NUMBER, false, NULL, 0, INT_MAX},
	[SETTING_LOG_TRANSACTION] = {PREFIX "_LOG_TRANSACTION", NULL, "5000", "milliseconds from 0 to 2147483647, 0 for never",
				     "a transaction that held the write lock for so long is logged", SETTING_NUMBER, false, NULL, 0,
				     INT_MAX},
	[SETTING_REPORT] = {PREFIX "_REPORT", NULL, "", "a file to append to (%p becomes the pid)",
			    "one JSON line a connection, when it closes or the process ends", SETTING_FILE, false, NULL, 0, 0},
	[SETTING_REPORT_INTERVAL] = {PREFIX "_REPORT_INTERVAL", NULL, "0", "seconds from 0 to 86400, 0 for never",
				     "a line also while a connection stays open, at most so often", SETTING_NUMBER, false, NULL, 0,
				     86400},
	[SETTING_REPORT_OPEN] = {PREFIX "_REPORT_OPEN", NULL, "off", "on, off",
				 "a line also once the settings are on, for a process that a signal ends", SETTING_WORD, false,
				 switch_words, 0, 0},
};

const struct setting_value settings_recipe[SETTING_COUNT] = {
	[SETTING_JOURNAL_MODE] = {.number = JOURNAL_WAL, .text = ""},
	[SETTING_SYNCHRONOUS] = {.number = SYNCHRONOUS_NORMAL, .text = ""},
	[SETTING_BUSY_TIMEOUT] = {.number = 30000, .text = ""},
	[SETTING_FOREIGN_KEYS] = {.number = FOREIGN_KEYS_ON, .text = ""},
	[SETTING_TEMP_STORE] = {.number = TEMP_STORE_MEMORY, .text = ""},
	[SETTING_MMAP_SIZE] = {.number = 134217728, .text = ""},
	[SETTING_JOURNAL_SIZE_LIMIT] = {.number = 67108864, .text = ""},
	[SETTING_CACHE_SIZE] = {.number = -20000, .text = ""},
	[SETTING_WAL_AUTOCHECKPOINT] = {.keep = true, .text = ""},
	[SETTING_BUSY_WAIT] = {.number = BUSY_WAIT_FAIR, .text = ""},
	[SETTING_BEGIN] = {.number = TRANSACTION_AUTO, .text = ""},
	[SETTING_BEGIN_DEFERRED] = {.number = TRANSACTION_RESERVE, .text = ""},
	[SETTING_RESERVE] = {.number = 500, .text = ""},
	[SETTING_GROUP_COMMIT] = {.number = GROUP_COMMIT_AUTO, .text = ""},
	[SETTING_ENABLED] = {.number = SWITCH_ON, .text = ""},
	[SETTING_PROGRAMS] = {.text = "*"},
	[SETTING_SKIP_PROGRAMS] = {.text = ""},
	[SETTING_DATABASES] = {.text = "*"},
	[SETTING_SKIP_DATABASES] = {.text = ""},
	[SETTING_EMBEDDED] = {.number = SWITCH_ON, .text = ""},
	[SETTING_LOG] = {.text = "stderr"},
	[SETTING_LOG_LEVEL] = {.number = LOG_WARN, .text = ""},
	[SETTING_LOG_WAIT] = {.number = 5000, .text = ""},
	[SETTING_LOG_TRANSACTION] = {.number = 5000, .text = ""},
	[SETTING_REPORT] = {.text = ""},
	[SETTING_REPORT_INTERVAL] = {.text = ""},
	[SETTING_REPORT_OPEN] = {.number = SWITCH_OFF, .text = ""},
};
