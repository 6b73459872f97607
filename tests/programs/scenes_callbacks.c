/* scenes_callbacks.c - programs that set callbacks, and what they are called for. */
#include "scenes.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int calls[8];
static const char *const places[] = {"a", "b", "c", "d"};

static int count_trace_v2(unsigned event, void *argument, void *subject, void *detail)
{
	(void)event;
	(void)argument;
	(void)subject;
	(void)detail;
	calls[0]++;
	return 0;
}

static void count_trace(void *argument, const char *sql)
{
	(void)argument;
	(void)sql;
	calls[1]++;
}

static void count_profile(void *argument, const char *sql, sqlite3_uint64 nanoseconds)
{
	(void)argument;
	(void)sql;
	(void)nanoseconds;
	calls[2]++;
}

static void work(sqlite3 *db)
{
	use->exec(db, "CREATE TABLE IF NOT EXISTS t(x); INSERT INTO t VALUES(1); INSERT INTO t VALUES(2)", NULL, NULL, NULL);
	printf("trace_v2 %d trace %d profile %d\n", calls[0], calls[1], calls[2]);
	memset(calls, 0, sizeof(calls));
}

/* One replaces another, or ends it, as this version of SQLite has it. */
static void trace_order(void)
{
	sqlite3 *db;

	use->open("t.db", &db);
	use->profile(db, count_profile, (void *)(size_t)places[0]);
	use->trace_v2(db, SQLITE_TRACE_STMT, count_trace_v2, (void *)(size_t)places[1]);
	work(db);
	printf("profile was %s\n", (const char *)use->profile(db, count_profile, (void *)(size_t)places[2]));
	work(db);
	printf("trace was %s\n", (const char *)use->trace(db, count_trace, (void *)(size_t)places[3]));
	work(db);
	use->trace_v2(db, 0, NULL, NULL);
	work(db);
	printf("profile was %s\n", (const char *)use->profile(db, NULL, NULL));
	work(db);
	use->close(db);
}

/* Set before the first use, and kept until the end. */
static void profiled(void)
{
	static const char *const scripts[] = {"CREATE TABLE t(x)",
					      "BEGIN; INSERT INTO t VALUES(1); COMMIT",
					      "SELECT * FROM t",
					      "BEGIN; SELECT * FROM t; COMMIT",
					      "VACUUM; CREATE INDEX i ON t(x)",
					      "BEGIN; COMMIT"};
	sqlite3 *db;

	use->open("t.db", &db);
	use->profile(db, count_profile, (void *)(size_t)places[0]);
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		scene_exec(db, scripts[i]);
		printf("called %d\n", calls[2]);
	}
	printf("profile was %s\n", (const char *)use->profile(db, NULL, NULL));
	scene_exec(db, "SELECT * FROM t");
	printf("called %d\n", calls[2]);
	use->close(db);
}

static void print_trace(void *name, const char *sql)
{
	printf("%s [%s]\n", (const char *)name, sql);
}

static void print_profile(void *name, const char *sql, sqlite3_uint64 nanoseconds)
{
	(void)nanoseconds;
	printf("%s [%s]\n", (const char *)name, sql);
}

/* What sqlite3_trace() and sqlite3_profile() are told of transactions, values, triggers and statements inside of others. */
static void traced_text(void)
{
	sqlite3_stmt *stmt;
	sqlite3 *db;

	use->open("t.db", &db);
	scene_exec(db, "CREATE TABLE t(x)");
	scene_exec(db, "CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; END");
	for (int i = 0; i < 3; i++) {
		if (i == 1)
			use->trace(db, NULL, NULL);
		if (i == 1)
			use->profile(db, print_profile, (void *)(size_t) "profile");
		if (i == 2)
			use->profile(db, NULL, NULL);
		if (i != 1)
			use->trace(db, print_trace, (void *)(size_t) "trace");
		scene_exec(db, "BEGIN");
		scene_exec(db, "SELECT * FROM t; -- x\nSELECT 1");
		use->prepare_v2(db, "INSERT INTO t VALUES(?),(2)", -1, &stmt, NULL);
		printf("step %d\n", use->step(stmt));
		use->finalize(stmt);
		scene_exec(db, "COMMIT; BEGIN; ROLLBACK");
		scene_exec(db, "VACUUM");
	}
	use->close(db);
}

static int count_progress(void *stops)
{
	calls[0]++;
	return stops != NULL;
}

static void progress(void)
{
	sqlite3 *db;

	use->open("t.db", &db);
	use->exec(db, "CREATE TABLE t(x); INSERT INTO t VALUES(1)", NULL, NULL, NULL);
	use->close(db);
	use->open("t.db", &db);
	use->progress_handler(db, 1, count_progress, (void *)(size_t) "stop");
	scene_exec(db, "SELECT * FROM t");
	use->progress_handler(db, 1, count_progress, NULL);
	calls[0] = 0;
	scene_exec(db, "SELECT * FROM t");
	printf("called %s\n", calls[0] > 0 ? "yes" : "no");
	use->progress_handler(db, 0, NULL, NULL);
	use->close(db);
}

static int count_commit(void *argument)
{
	(void)argument;
	calls[0]++;
	return 0;
}

static void count_rollback(void *argument)
{
	(void)argument;
	calls[1]++;
}

static void count_update(void *argument, int operation, const char *schema, const char *table, sqlite3_int64 row)
{
	(void)argument;
	(void)operation;
	(void)schema;
	(void)table;
	(void)row;
	calls[2]++;
}

static int count_wal(void *argument, sqlite3 *db, const char *schema, int frames)
{
	(void)argument;
	(void)db;
	(void)schema;
	(void)frames;
	calls[3]++;
	return SQLITE_OK;
}

static void hooks(void)
{
	sqlite3 *db;

	use->open("t.db", &db);
	use->commit_hook(db, count_commit, (void *)(size_t)places[0]);
	use->rollback_hook(db, count_rollback, NULL);
	use->update_hook(db, count_update, NULL);
	use->wal_hook(db, count_wal, (void *)(size_t)places[1]);
	use->exec(db, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);
	memset(calls, 0, sizeof(calls));
	use->exec(db,
		  "CREATE TABLE t(x); INSERT INTO t VALUES(1); INSERT INTO t VALUES(2); BEGIN; INSERT INTO t VALUES(3); ROLLBACK",
		  NULL, NULL, NULL);
	printf("commit %d rollback %d update %d wal %d\n", calls[0], calls[1], calls[2], calls[3]);
	printf("commit hook was %s\n", (const char *)use->commit_hook(db, NULL, NULL));
	printf("wal hook was %s\n", (const char *)use->wal_hook(db, NULL, NULL));
	use->close(db);
}

static void log_line(void *argument, int code, const char *text)
{
	(void)argument;
	printf("logged %d %s\n", code, text);
}

/* One connection holds the write lock with a rollback journal, so that another one cannot be switched to WAL. */
static void error_log(void)
{
	sqlite3 *a, *b;

	use->config(SQLITE_CONFIG_LOG, log_line, NULL);
	use->open("t.db", &a);
	scene_exec(a, "PRAGMA journal_mode=DELETE; CREATE TABLE t(x); BEGIN IMMEDIATE");
	use->open("t.db", &b);
	scene_exec(b, "SELECT * FROM t");
	sleep(2);
	scene_exec(b, "SELECT * FROM t");
	scene_exec(b, "SELEC");
	scene_exec(a, "COMMIT");
	use->close(a);
	use->close(b);
}

/* What fails, and what only foreign keys would refuse, each by every call; an INSERT into a child whose parent is missing is none.
 */
static void error_lines(void)
{
	static const char *const statements[] = {
		"INSERT INTO nosuch VALUES(1)",  "UPDATE nosuch SET x=1",
		"REPLACE INTO nosuch VALUES(1)", "DELETE FROM p WHERE nosuch=1",
		"INSERT INTO orphan VALUES(1)",  "REPLACE INTO p VALUES(1)",
		"UPDATE OR REPLACE p SET k=k+1", "DROP TABLE nosuch",
	};
	sqlite3 *db;

	use->config(SQLITE_CONFIG_LOG, log_line, NULL);
	use->open("t.db", &db);
	scene_exec(db, "CREATE TABLE p(k INTEGER PRIMARY KEY)");
	scene_exec(db, "CREATE TABLE c(k REFERENCES p ON DELETE CASCADE)");
	scene_exec(db, "CREATE TABLE orphan(k REFERENCES missing)");
	scene_exec(db, "INSERT INTO p VALUES(1)");
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
		sqlite3_stmt *stmt = NULL;
		scene_exec(db, statements[i]);
		if (use->prepare_v2(db, statements[i], -1, &stmt, NULL) == SQLITE_OK)
			use->step(stmt);
		printf("finalize %d\n", use->finalize(stmt));
	}
	printf("close %d\n", use->close(db));
}

static int count_busy(void *argument, int count)
{
	(void)argument;
	(void)count;
	calls[0]++;
	return 0;
}

static int answer;

static int authorize(void *argument, int action, const char *first, const char *second, const char *schema, const char *trigger)
{
	(void)argument;
	(void)second;
	(void)schema;
	(void)trigger;
	return action == SQLITE_PRAGMA && first && strcmp(first, "busy_timeout") == 0 ? answer : SQLITE_OK;
}

/* A PRAGMA busy_timeout that SQLite refuses leaves the program its busy handler, and one that it accepts does not. */
static void busy_handler(void)
{
	static const int answers[] = {SQLITE_DENY, SQLITE_IGNORE, SQLITE_OK};
	sqlite3 *a, *b;

	use->open("t.db", &b);
	use->exec(b, "CREATE TABLE t(x)", NULL, NULL, NULL);
	for (int i = 0; i < 9; i++) {
		sqlite3_stmt *stmt = NULL;
		char **table = NULL;
		int rows, columns, rc = 0;
		answer = answers[i % 3];
		use->open("t.db", &a);
		use->busy_handler(a, count_busy, NULL);
		use->set_authorizer(a, authorize, NULL);
		if (i / 3 == 0)
			rc = use->exec(a, "PRAGMA busy_timeout=0", NULL, NULL, NULL);
		else if (i / 3 == 1)
			rc = use->prepare_v2(a, "PRAGMA busy_timeout=0", -1, &stmt, NULL);
		else
			rc = use->get_table(a, "SELECT 1; PRAGMA busy_timeout=0", &table, &rows, &columns, NULL);
		use->finalize(stmt);
		use->free_table(table);
		use->exec(a, "SELECT * FROM t", NULL, NULL, NULL);
		use->exec(b, "BEGIN IMMEDIATE", NULL, NULL, NULL);
		calls[0] = 0;
		if (answer != SQLITE_OK)
			use->exec(a, "INSERT INTO t VALUES(1)", NULL, NULL, NULL);
		printf("%d: %d, handler called %d times\n", i, rc, calls[0]);
		use->exec(b, "COMMIT", NULL, NULL, NULL);
		use->close(a);
	}
	use->close(b);
}

/* The connection is closed, and lives on in its statement. */
static void zombie(void)
{
	sqlite3_stmt *stmt;
	sqlite3 *db, *other;

	use->open("t.db", &db);
	use->exec(db, "CREATE TABLE t(x); INSERT INTO t VALUES(1)", NULL, NULL, NULL);
	use->set_authorizer(db, authorize, NULL);
	use->trace_v2(db, SQLITE_TRACE_STMT, count_trace_v2, NULL);
	use->prepare_v2(db, "SELECT x FROM t", -1, &stmt, NULL);
	printf("close %d\n", use->close_v2(db));
	for (int i = 0; i < 3; i++) {
		use->open(":memory:", &other);
		printf("step %d", use->step(stmt));
		printf(" value %d\n", use->column_int(stmt, 0));
		use->reset(stmt);
		use->close(other);
	}
	printf("traced %d finalize %d\n", calls[0], use->finalize(stmt));
}

static void *hold(void *name)
{
	sqlite3 *db;

	use->open(name, &db);
	use->busy_timeout(db, 5000);
	use->exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	usleep(400000);
	use->exec(db, "COMMIT", NULL, NULL, NULL);
	use->close(db);
	return NULL;
}

/* The destination of a backup waits for the lock as long as any other statement, whenever its connection waited last. */
static void backup(void)
{
	sqlite3 *db, *from;
	sqlite3_backup *run;
	pthread_t thread;
	int rc;

	use->open("t.db", &db);
	use->exec(db, "CREATE TABLE t(x)", NULL, NULL, NULL);
	use->busy_timeout(db, 1500);
	use->open("from.db", &from);
	use->exec(from, "CREATE TABLE f(x)", NULL, NULL, NULL);
	for (int i = 0; i < 2; i++) {
		pthread_create(&thread, NULL, hold, (void *)(size_t) "t.db");
		usleep(150000);
		printf("insert %d\n", use->exec(db, "CREATE TABLE IF NOT EXISTS f(x); INSERT INTO f VALUES(1)", NULL, NULL, NULL));
		pthread_join(thread, NULL);
		usleep(i * 2000000);
		pthread_create(&thread, NULL, hold, (void *)(size_t) "t.db");
		usleep(150000);
		run = use->backup_init(db, "main", from, "main");
		rc = use->backup_step(run, -1);
		printf("step %d finish %d\n", rc, use->backup_finish(run));
		pthread_join(thread, NULL);
	}
	use->close(from);
	use->close(db);
}

static int print_value(void *unused, int n, char **values, char **names)
{
	(void)unused;
	(void)names;
	printf("%s, ", n > 0 && values[0] ? values[0] : "NULL");
	return 0;
}

/* A file that is mapped for reading is put into memory without a copy of the program's. */
static void mapped_image(void)
{
	static const unsigned flags[] = {0, SQLITE_DESERIALIZE_READONLY};
	struct stat status;
	sqlite3 *db;
	void *image;
	int fd;

	use->open("a.db", &db);
	scene_exec(db, "CREATE TABLE t(x)");
	scene_exec(db, "INSERT INTO t VALUES(42)");
	use->close(db);
	fd = open("a.db", O_RDONLY);
	fstat(fd, &status);
	image = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		use->open(":memory:", &db);
		printf("deserialize %d, ", use->deserialize(db, "main", image, status.st_size, status.st_size, flags[i]));
		printf("read %d\n", use->exec(db, "SELECT x FROM t", print_value, NULL, NULL));
		use->close(db);
	}
	munmap(image, (size_t)status.st_size);
	close(fd);
}

/* A connection that an image was given waits by its own timeout, whatever others do. */
static void deserialize(void)
{
	unsigned char *image;
	sqlite3_int64 size;
	sqlite3 *a, *b, *from;
	pthread_t thread;

	use->open("x.db", &a);
	use->exec(a, "CREATE TABLE t(x)", NULL, NULL, NULL);
	use->close(a);
	use->open(":memory:", &from);
	use->exec(from, "CREATE TABLE m(x)", NULL, NULL, NULL);
	use->open("a.db", &a);
	use->busy_timeout(a, 5000);
	use->exec(a, "CREATE TABLE m(x)", NULL, NULL, NULL);
	image = use->serialize(from, "main", &size, 0);
	printf("deserialize %d\n",
	       use->deserialize(a, "main", image, size, size, SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE));
	scene_exec(a, "ATTACH 'x.db' AS x");
	use->open("c.db", &b);
	use->exec(b, "CREATE TABLE m(x)", NULL, NULL, NULL);
	use->busy_timeout(b, 0);
	pthread_create(&thread, NULL, hold, (void *)(size_t) "x.db");
	usleep(150000);
	scene_exec(a, "INSERT INTO x.t VALUES(1)");
	pthread_join(thread, NULL);
	use->busy_timeout(a, 4000);
	scene_exec(a, "INSERT INTO m VALUES(1)");
	printf("close %d %d %d\n", use->close(a), use->close(b), use->close(from));
}

const struct scene callback_scenes[] = {
	{"profiled", profiled}, {"traced_text", traced_text},   {"trace_order", trace_order}, {"progress", progress},
	{"hooks", hooks},       {"error_log", error_log},       {"error_lines", error_lines}, {"busy_handler", busy_handler},
	{"zombie", zombie},     {"mapped_image", mapped_image}, {"backup", backup},           {"deserialize", deserialize},
	{NULL, NULL},
};
