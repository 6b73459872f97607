/* victim_asks.c - the lines that ask or set one thing, of a handle or of all of SQLite. */
#include "victim.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

/* SQLCipher's; absent elsewhere. */
extern int sqlite3_key(sqlite3 *db, const void *key, int bytes) __attribute__((weak));
extern int sqlite3_key_v2(sqlite3 *db, const char *schema, const void *key, int bytes) __attribute__((weak));
extern int sqlite3_rekey(sqlite3 *db, const void *key, int bytes) __attribute__((weak));

static void call_fkey(char *rest)
{
	sqlite3 *db = calls_handle(&rest);
	int wanted = strcmp(rest, "ask") == 0 ? -1 : strcmp(rest, "on") == 0, got = -1;
	int rc = sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_FKEY, wanted, &got);

	victim_say("fkey", rc, got ? "on" : "off");
}

static void call_key(char *rest)
{
	sqlite3 *db = calls_handle(&rest);

	if (!sqlite3_key)
		victim_die("this SQLite has no", "sqlite3_key");
	victim_say("key", sqlite3_key(db, rest, (int)strlen(rest)), "");
}

static void call_key_v2(char *rest)
{
	sqlite3 *db = calls_handle(&rest);
	const char *schema = victim_word(&rest);

	if (!sqlite3_key_v2)
		victim_die("this SQLite has no", "sqlite3_key_v2");
	victim_say("key_v2", sqlite3_key_v2(db, schema, rest, (int)strlen(rest)), "");
}

static void call_rekey(char *rest)
{
	sqlite3 *db = calls_handle(&rest);

	if (!sqlite3_rekey)
		victim_die("this SQLite has no", "sqlite3_rekey");
	victim_say("rekey", sqlite3_rekey(db, rest, (int)strlen(rest)), "");
}

static void call_memory(void)
{
	printf("memory %s\n", sqlite3_memory_used() ? "used" : "unused");
}

bool asks_run(const char *verb, char *rest)
{
	if (strcmp(verb, "errcode") == 0)
		printf("errcode %d\n", sqlite3_errcode(calls_handle(&rest)));
	else if (strcmp(verb, "errmsg") == 0)
		printf("errmsg %s\n", sqlite3_errmsg(calls_handle(&rest)));
	else if (strcmp(verb, "autocommit") == 0)
		printf("autocommit %d\n", sqlite3_get_autocommit(calls_handle(&rest)));
	else if (strcmp(verb, "changes") == 0)
		printf("changes %d\n", sqlite3_changes(calls_handle(&rest)));
	else if (strcmp(verb, "total_changes") == 0)
		printf("total_changes %d\n", sqlite3_total_changes(calls_handle(&rest)));
	else if (strcmp(verb, "rowid") == 0)
		printf("rowid %lld\n", (long long)sqlite3_last_insert_rowid(calls_handle(&rest)));
	else if (strcmp(verb, "fkey") == 0)
		call_fkey(rest);
	else if (strcmp(verb, "memory") == 0)
		call_memory();
	else if (strcmp(verb, "version") == 0)
		printf("%d\n", sqlite3_libversion_number());
	else if (strcmp(verb, "built") == 0)
		printf("built %s\n", sqlite3_compileoption_used(rest) ? "yes" : "no");
	else if (strcmp(verb, "config") == 0)
		victim_say("config", sqlite3_config(SQLITE_CONFIG_SERIALIZED), "");
	else if (strcmp(verb, "key") == 0)
		call_key(rest);
	else if (strcmp(verb, "key_v2") == 0)
		call_key_v2(rest);
	else if (strcmp(verb, "rekey") == 0)
		call_rekey(rest);
	else if (strcmp(verb, "shared_cache") == 0)
		victim_say("shared_cache", sqlite3_enable_shared_cache(strcmp(rest, "on") == 0), "");
	else
		return false;
	return true;
}
