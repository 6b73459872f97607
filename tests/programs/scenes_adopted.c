/* scenes_adopted.c - handles that are opened where no hook sees it, and used where one does; and automatic extensions. */
#include "scenes.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int deny_attach(void *argument, int action, const char *first, const char *second, const char *schema, const char *trigger)
{
	(void)argument;
	(void)first;
	(void)second;
	(void)schema;
	(void)trigger;
	return action == SQLITE_ATTACH ? SQLITE_DENY : SQLITE_OK;
}

static int busy_calls;

static int count_busy(void *argument, int count)
{
	(void)argument;
	(void)count;
	busy_calls++;
	return 0;
}

/* TEMP tables, an authorizer, a busy handler and settings stay. */
static void adopted(void)
{
	sqlite3 *db, *other;

	found.open("t.db", &db);
	found.exec(db,
		   "CREATE TABLE t(x); CREATE TEMP TABLE keep(x); INSERT INTO keep VALUES(5); PRAGMA cache_size=-4000; "
		   "PRAGMA journal_mode=truncate",
		   NULL, NULL, NULL);
	found.set_authorizer(db, deny_attach, NULL);
	found.busy_handler(db, count_busy, NULL);
	scene_exec(db, "INSERT INTO keep SELECT x FROM keep");
	scene_exec(db, "CREATE TABLE gone(x)");
	scene_exec(db, "DROP TABLE gone");
	scene_exec(db, "ATTACH 'never.db' AS never");
	found.open("t.db", &other);
	found.exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	scene_exec(db, "INSERT INTO t VALUES(1)");
	printf("handler called %s\n", busy_calls ? "yes" : "no");
	found.exec(other, "COMMIT", NULL, NULL, NULL);
	scene_settings(db);
	printf("close %d %d\n", linked.close(db), linked.close(other));
}

static sqlite3 *shared;
static pthread_barrier_t all;

static void *use_first(void *how)
{
	sqlite3_stmt *stmt = NULL;
	int rc;

	pthread_barrier_wait(&all);
	switch (*(const char *)how) {
	case 'p':
		rc = linked.prepare_v2(shared, "SELECT 1", -1, &stmt, NULL);
		linked.finalize(stmt);
		break;
	case 'e':
		rc = linked.exec(shared, "SELECT 1", NULL, NULL, NULL);
		break;
	case 'b':
		rc = linked.busy_timeout(shared, 100);
		break;
	default:
		rc = linked.trace_v2(shared, 0, NULL, NULL);
		break;
	}
	return rc ? (void *)how : NULL;
}

static void adopted_by_threads(void)
{
	static const char how[] = {'p', 'e', 'b', 't'};
	pthread_t threads[4];
	int failed = 0;

	pthread_barrier_init(&all, NULL, 4);
	for (int i = 0; i < 500; i++) {
		found.open(i % 2 ? "t.db" : ":memory:", &shared);
		for (int k = 0; k < 4; k++)
			pthread_create(&threads[k], NULL, use_first, (void *)(size_t)&how[k]);
		for (int k = 0; k < 4; k++) {
			void *result;
			pthread_join(threads[k], &result);
			failed += result != NULL;
		}
		linked.close(shared);
	}
	printf("failed %d\n", failed);
}

static const char *set_in_extension;

static int extension(sqlite3 *db, char **message, const void *table)
{
	(void)message;
	(void)table;
	return use->exec(db, set_in_extension, NULL, NULL, NULL);
}

static void open_with(const char *name, const char *settings)
{
	static const char wide[] = "w\0.\0d\0b\0\0";
	sqlite3 *db;

	set_in_extension = settings;
	if (strcmp(name, "v2") == 0)
		printf("open %d\n", use->open_v2("v2.db", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL));
	else if (strcmp(name, "wide") == 0)
		printf("open %d\n", use->open16(wide, &db));
	else
		printf("open %d\n", use->open(name, &db));
	scene_exec(db, "CREATE TABLE IF NOT EXISTS t(x)");
	scene_settings(db);
	printf("close %d\n", use->close(db));
}

/* What a program sets in an automatic extension of its own is as good as what it sets after sqlite3_open(). */
static void extensions(void)
{
	static const char all_of_them[] =
		"PRAGMA journal_mode=truncate; PRAGMA synchronous=extra; PRAGMA cache_size=-4000; PRAGMA temp_store=file; "
		"PRAGMA mmap_size=0; PRAGMA journal_size_limit=1000; PRAGMA busy_timeout=40000; PRAGMA foreign_keys=off";

	use->auto_extension((void (*)(void))extension);
	open_with("a.db", all_of_them);
	open_with("v2", all_of_them);
	open_with("wide", all_of_them);
	open_with("a.db", all_of_them);
}

/* A table that an extension makes is there afterwards. */
static void extension_tables(void)
{
	sqlite3 *db;

	set_in_extension = "CREATE TEMP TABLE kept(x); INSERT INTO kept VALUES(1)";
	use->auto_extension((void (*)(void))extension);
	use->open("t.db", &db);
	scene_exec(db, "INSERT INTO kept SELECT x FROM kept");
	printf("close %d\n", use->close(db));
}

static unsigned seen;

static void see_trace(void *argument, const char *sql)
{
	(void)argument;
	(void)sql;
	seen++;
}

static void see_update(void *argument, int action, const char *schema, const char *table, sqlite3_int64 row)
{
	(void)argument;
	(void)action;
	(void)schema;
	(void)table;
	(void)row;
	seen++;
}

static int see_commit(void *argument)
{
	(void)argument;
	seen++;
	return 0;
}

static int extension_that_watches(sqlite3 *db, char **message, const void *table)
{
	(void)message;
	(void)table;
	use->trace(db, see_trace, NULL);
	use->update_hook(db, see_update, NULL);
	use->commit_hook(db, see_commit, NULL);
	return SQLITE_OK;
}

/* What its callbacks see is what the program does. */
static void extension_callbacks(void)
{
	sqlite3_stmt *stmt;
	sqlite3 *db;

	use->auto_extension((void (*)(void))extension_that_watches);
	use->open("t.db", &db);
	scene_exec(db, "CREATE TABLE t(x)");
	for (int i = 0; i < 20; i++) {
		use->prepare_v2(db, "INSERT INTO t VALUES(1)", -1, &stmt, NULL);
		use->step(stmt);
		use->finalize(stmt);
	}
	printf("close %d, seen %u\n", use->close(db), seen);
}

static sqlite3 *shown[16];
static unsigned shown_count;

static int extension_that_keeps(sqlite3 *db, char **message, const void *table)
{
	(void)message;
	(void)table;
	if (shown_count < sizeof(shown) / sizeof(shown[0]))
		shown[shown_count++] = db;
	return SQLITE_OK;
}

/* It is shown the program's handles alone, also once the list of extensions was emptied. */
static void extension_handles(void)
{
	sqlite3 *db;

	use->auto_extension((void (*)(void))extension_that_keeps);
	use->reset_auto_extension();
	use->auto_extension((void (*)(void))extension_that_keeps);
	use->open("t.db", &db);
	scene_exec(db,
		   "CREATE TABLE p(x INTEGER PRIMARY KEY); CREATE TABLE c(x REFERENCES p ON DELETE CASCADE); CREATE TABLE t(x)");
	for (int i = 0; i < 20; i++) {
		scene_exec(db, "INSERT INTO t VALUES(1)");
		scene_exec(db, "UPDATE p SET x=x");
	}
	for (unsigned i = 0; i < shown_count; i++)
		printf("%s\n", shown[i] == db ? "own" : "another");
	printf("close %d\n", use->close(db));
}

/* The same while the program rests, in which time the -wal is copied for others. */
static void extension_rests(void)
{
	struct timespec rest = {.tv_sec = 1};
	sqlite3 *db;

	use->auto_extension((void (*)(void))extension_that_keeps);
	use->open("t.db", &db);
	scene_exec(db, "CREATE TABLE t(x)");
	scene_exec(db, "INSERT INTO t VALUES(1)");
	nanosleep(&rest, NULL);
	scene_exec(db, "INSERT INTO t VALUES(2)");
	for (unsigned i = 0; i < shown_count; i++)
		printf("%s\n", shown[i] == db ? "own" : "another");
	printf("close %d\n", use->close(db));
}

/* The same where the file is copied while a statement reads. */
static void extension_copies(void)
{
	sqlite3_stmt *stmt;
	sqlite3 *db;

	use->auto_extension((void (*)(void))extension_that_keeps);
	use->open("t.db", &db);
	scene_exec(db, "CREATE TABLE t(x)");
	scene_exec(db, "INSERT INTO t VALUES(1)");
	use->prepare_v2(db, "SELECT x FROM t", -1, &stmt, NULL);
	use->step(stmt);
	printf("copy %d\n", system("cp t.db copy.db"));
	use->finalize(stmt);
	printf("shown %u\n", shown_count);
	printf("close %d\n", use->close(db));
	use->open("copy.db", &db);
	scene_exec(db, "INSERT INTO t SELECT x FROM t");
	printf("close %d\n", use->close(db));
}

static int count_rows(void *count, int columns, char **values, char **names)
{
	(void)columns;
	(void)values;
	(void)names;
	++*(int *)count;
	return 0;
}

static void traces(void)
{
	static const char *const lists[] = {"collation_list", "function_list", "module_list", "database_list"};
	sqlite3_stmt *stmt;
	sqlite3 *db;

	for (int i = 0; i < 2; i++) {
		use->open(i ? ":memory:" : "t.db", &db);
		scene_exec(db, "CREATE TABLE t(x)");
		for (size_t k = 0; k < sizeof(lists) / sizeof(lists[0]); k++) {
			int count = 0;
			char sql[64];
			snprintf(sql, sizeof(sql), "PRAGMA %s", lists[k]);
			use->exec(db, sql, count_rows, &count, NULL);
			printf("%s %d\n", lists[k], count);
		}
		use->prepare_v2(db, "SELECT 1", -1, &stmt, NULL);
		printf("busy %d\n", use->close(db));
		scene_exec(db, "INSERT INTO t VALUES(1)");
		use->finalize(stmt);
		printf("close %d", use->close(db));
		printf(" bytes %lld\n", (long long)use->memory_used());
	}
	use->open("t.db", &db);
	use->prepare_v2(db, "SELECT count(*) FROM t", -1, &stmt, NULL);
	printf("close %d", use->close_v2(db));
	printf(" step %d", use->step(stmt));
	printf(" value %d", use->column_int(stmt, 0));
	printf(" finalize %d", use->finalize(stmt));
	printf(" bytes %lld\n", (long long)use->memory_used());
}

/* Files that SQLite opens inside a step, and not inside of sqlite3_open(). */
static void attached_traces(void)
{
	static const char *const steps[] = {"ATTACH 'u.db' AS u", "CREATE TABLE IF NOT EXISTS u.t(x)", "INSERT INTO u.t VALUES(1)",
					    "DETACH u"};
	sqlite3_stmt *stmt;
	sqlite3 *db;

	for (int round = 0; round < 2; round++) {
		use->open("t.db", &db);
		for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
			use->prepare_v2(db, steps[i], -1, &stmt, NULL);
			printf("step %d\n", use->step(stmt));
			use->finalize(stmt);
		}
		printf("close %d", use->close(db));
		printf(" bytes %lld\n", (long long)use->memory_used());
	}
}

/* Both closes are refused first, and the one without a file is the last to end. */
static void refused_traces(void)
{
	sqlite3_stmt *stmts[2];
	sqlite3 *db[2];

	use->open("t.db", &db[0]);
	use->open(":memory:", &db[1]);
	for (int i = 0; i < 2; i++) {
		scene_exec(db[i], "CREATE TABLE t(x)");
		use->prepare_v2(db[i], "SELECT * FROM t", -1, &stmts[i], NULL);
		printf("close %d\n", use->close(db[i]));
	}
	for (int i = 0; i < 2; i++) {
		use->finalize(stmts[i]);
		printf("close %d\n", use->close(db[i]));
	}
	printf("bytes %lld\n", (long long)use->memory_used());
}

const struct scene adopted_scenes[] = {
	{"adopted", adopted},
	{"adopted_by_threads", adopted_by_threads},
	{"extensions", extensions},
	{"extension_tables", extension_tables},
	{"extension_callbacks", extension_callbacks},
	{"extension_handles", extension_handles},
	{"extension_rests", extension_rests},
	{"extension_copies", extension_copies},
	{"traces", traces},
	{"attached_traces", attached_traces},
	{"refused_traces", refused_traces},
	{NULL, NULL},
};
