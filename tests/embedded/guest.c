/* guest.c - a program with SQLite inside that does what a suite cannot write in a victim's lines.
 *
 *   guest SCENE FILE [PLUGIN...]
 *
 * Each scene prints what the program sees, which must be the same with the library but for the values that the library is to
 * change. */
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *file;
static char **plugins;

static void say(const char *what, int rc)
{
	printf("%s %d\n", what, rc);
}

static sqlite3 *open_database(const char *name)
{
	sqlite3 *db = NULL;
	int rc = sqlite3_open(name, &db);

	if (rc)
		say("open", rc);
	return db;
}

static int print_row(void *unused, int count, char **values, char **columns)
{
	(void)unused;
	(void)count;
	printf("%s=%s\n", columns[0], values[0] ? values[0] : "NULL");
	return 0;
}

static void run(sqlite3 *db, const char *sql)
{
	int rc = sqlite3_exec(db, sql, print_row, NULL, NULL);

	if (rc)
		printf("%s: %d\n", sql, rc);
}

/* Could another process write? */
static void lock(void)
{
	char command[4096];

	fflush(stdout);
	snprintf(command, sizeof(command), "LD_PRELOAD= observer lock '%s'", file);
	if (system(command) != 0)
		puts("observer failed");
}

static void transaction(sqlite3 *db)
{
	run(db, "CREATE TABLE IF NOT EXISTS t(x)");
	run(db, "BEGIN");
	lock();
	run(db, "INSERT INTO t VALUES(1)");
	run(db, "COMMIT");
}

static int trace(unsigned event, void *argument, void *subject, void *detail)
{
	(void)subject;
	printf("trace %s %u %s\n", (const char *)argument, event, event == SQLITE_TRACE_STMT ? (const char *)detail : "");
	return 0;
}

static void trace_legacy(void *argument, const char *sql)
{
	printf("trace %s %s\n", (const char *)argument, sql);
}

/* The program takes the trace slot of a database that is there, changes its mind, and gives it back. */
static void scene_trace(void)
{
	sqlite3 *db = open_database(file);

	run(db, "CREATE TABLE IF NOT EXISTS t(x)");
	sqlite3_close(db);
	db = open_database(file);
	sqlite3_trace_v2(db, SQLITE_TRACE_STMT | SQLITE_TRACE_CLOSE, trace, "one");
	run(db, "SELECT count(*) FROM t");
	transaction(db);
	sqlite3_trace_v2(db, SQLITE_TRACE_ROW, trace, "two");
	run(db, "SELECT 1 FROM t LIMIT 1");
	transaction(db);
	sqlite3_trace_v2(db, 0, NULL, NULL);
	run(db, "SELECT count(*) FROM t");
	transaction(db);
	sqlite3_trace_v2(db, SQLITE_TRACE_CLOSE, trace, "three");
	sqlite3_close(db);
}

/* The same with an empty database, where WAL has to stay off as BEGIN cannot be seen. */
static void scene_trace_new(void)
{
	sqlite3 *db = open_database(file);

	sqlite3_trace_v2(db, SQLITE_TRACE_STMT, trace, "one");
	transaction(db);
	run(db, "PRAGMA journal_mode");
	sqlite3_close(db);
}

static void scene_trace_legacy(void)
{
	sqlite3 *db = open_database(file);

	sqlite3_trace(db, trace_legacy, "old");
	transaction(db);
	run(db, "PRAGMA journal_mode");
	sqlite3_trace(db, NULL, NULL);
	sqlite3_close(db);
}

static void use_once(void)
{
	sqlite3 *db = open_database(file);

	transaction(db);
	run(db, "PRAGMA busy_timeout");
	sqlite3_close(db);
}

static void scene_shutdown(void)
{
	for (int i = 0; i < 3; i++) {
		use_once();
		say("shutdown", sqlite3_shutdown());
		say("config", sqlite3_config(SQLITE_CONFIG_SERIALIZED));
		say("initialize", sqlite3_initialize());
	}
}

static void scene_reset(void)
{
	for (int i = 0; i < 3; i++) {
		use_once();
		sqlite3_reset_auto_extension();
	}
}

/* What a signal handler does that interrupted SQLite: it opens a file, the way SQLite opens one, while this thread holds SQLite's
 * mutex. */
static void scene_held(void)
{
	sqlite3_mutex *mutex;
	int fd;

	use_once();
	mutex = sqlite3_mutex_alloc(SQLITE_MUTEX_STATIC_MASTER);
	sqlite3_mutex_enter(mutex);
	fd = open("own.data", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
	sqlite3_mutex_leave(mutex);
	say("opened", fd >= 0);
	close(fd);
	sqlite3_reset_auto_extension();
	use_once();
}

/* Its own file, opened the way SQLite opens one, must not make SQLite begin. */
static void scene_config(void)
{
	int fd = open("own.data", O_RDWR | O_CREAT | O_CLOEXEC, 0666);

	close(fd);
	say("config", sqlite3_config(SQLITE_CONFIG_MULTITHREAD));
	use_once();
}

static int busy(void *argument, int count)
{
	(void)argument;
	return count < 2;
}

static int authorize(void *argument, int action, const char *first, const char *second, const char *schema, const char *by)
{
	(void)argument;
	(void)schema;
	(void)by;
	if (action == SQLITE_PRAGMA || action == SQLITE_TRANSACTION)
		printf("authorize %d %s %s\n", action, first ? first : "", second ? second : "");
	return SQLITE_OK;
}

static int extend(sqlite3 *db, char **message, const void *table)
{
	(void)message;
	(void)table;
	sqlite3_busy_handler(db, busy, NULL);
	sqlite3_set_authorizer(db, authorize, NULL);
	sqlite3_trace_v2(db, SQLITE_TRACE_STMT, trace, "own");
	return SQLITE_OK;
}

static int extend_timeout(sqlite3 *db, char **message, const void *table)
{
	(void)message;
	(void)table;
	return sqlite3_busy_timeout(db, 77);
}

static int extend_badly(sqlite3 *db, char **message, const void *table)
{
	(void)db;
	(void)table;
	*message = sqlite3_mprintf("no");
	return SQLITE_ERROR;
}

static void scene_extension(void)
{
	sqlite3_auto_extension((void (*)(void))extend);
	use_once();
	use_once();
	sqlite3_cancel_auto_extension((void (*)(void))extend);
	sqlite3_auto_extension((void (*)(void))extend_timeout);
	use_once();
	use_once();
}

static void scene_failing_extension(void)
{
	sqlite3 *db = NULL;

	use_once();
	sqlite3_auto_extension((void (*)(void))extend_badly);
	for (int i = 0; i < 3; i++) {
		say("open", sqlite3_open(file, &db));
		printf("%s\n", sqlite3_errmsg(db));
		say("close", sqlite3_close(db));
	}
	sqlite3_cancel_auto_extension((void (*)(void))extend_badly);
	use_once();
}

static void scene_authorizer(void)
{
	sqlite3 *db = open_database(file);

	sqlite3_set_authorizer(db, authorize, NULL);
	transaction(db);
	run(db, "PRAGMA page_size");
	run(db, "PRAGMA busy_timeout=1");
	sqlite3_close(db);
}

/* Statements outlive the connection. */
static void scene_zombie(void)
{
	sqlite3 *db = open_database(file);
	sqlite3_stmt *stmt = NULL;

	transaction(db);
	sqlite3_prepare_v2(db, "SELECT x FROM t", -1, &stmt, NULL);
	say("step", sqlite3_step(stmt));
	say("close", sqlite3_close(db));
	say("close_v2", sqlite3_close_v2(db));
	say("step", sqlite3_step(stmt));
	say("finalize", sqlite3_finalize(stmt));
	use_once();
}

/* Has SQLite's own checkpoints turned off by a function, and makes its own after each commit: beyond the length at which SQLite
 * would have made one, too. */
static void scene_own_checkpoints(void)
{
	sqlite3 *db = open_database(file);
	unsigned failed = 0;

	run(db, "INSERT INTO t VALUES(1)");
	sqlite3_wal_autocheckpoint(db, 0);
	run(db, "INSERT INTO t VALUES(zeroblob(20000000))");
	for (int i = 0; i < 100; i++) {
		run(db, "INSERT INTO t VALUES(1)");
		failed += sqlite3_wal_checkpoint_v2(db, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) != SQLITE_OK;
	}
	printf("failed %u\n", failed);
	sqlite3_close(db);
}

/* What SQLite says of the last call is about the program's own. */
static void scene_errors(void)
{
	sqlite3 *db = open_database(file);
	sqlite3_stmt *stmt = NULL;
	static const char *const statements[] = {"BEGIN",
						 "CREATE TABLE t(x UNIQUE)",
						 "INSERT INTO t VALUES(1)",
						 "COMMIT",
						 "BEGIN",
						 "INSERT INTO t VALUES(1)",
						 "BEGIN",
						 "ROLLBACK",
						 "PRAGMA busy_timeout=5"};

	printf("%d %s\n", sqlite3_errcode(db), sqlite3_errmsg(db));
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
		sqlite3_prepare_v2(db, statements[i], -1, &stmt, NULL);
		say(statements[i], sqlite3_step(stmt));
		printf("%d %s\n", sqlite3_extended_errcode(db), sqlite3_errmsg(db));
		say("finalize", sqlite3_finalize(stmt));
		printf("%d %s\n", sqlite3_extended_errcode(db), sqlite3_errmsg(db));
		printf("%d %d %lld\n", sqlite3_changes(db), sqlite3_total_changes(db), (long long)sqlite3_last_insert_rowid(db));
	}
	sqlite3_close(db);
}

static void nested(sqlite3_context *context, int count, sqlite3_value **values)
{
	sqlite3 *db = open_database(file);

	(void)count;
	(void)values;
	run(db, "PRAGMA busy_timeout");
	sqlite3_close(db);
	sqlite3_result_int(context, 1);
}

/* Connections that are opened inside a callback. */
static void scene_nested(void)
{
	sqlite3 *db = open_database(file);

	sqlite3_create_function(db, "nested", 0, SQLITE_UTF8, NULL, nested, NULL, NULL);
	transaction(db);
	run(db, "SELECT nested()");
	sqlite3_close(db);
}

static void *use_shared(void *db)
{
	for (int i = 0; i < 200; i++) {
		sqlite3_exec(db, "INSERT INTO t VALUES(1)", NULL, NULL, NULL);
		sqlite3_exec(db, i % 2 ? "BEGIN" : "COMMIT", NULL, NULL, NULL);
		sqlite3_busy_timeout(db, i);
	}
	return NULL;
}

/* One connection, many threads. */
static void scene_shared(void)
{
	pthread_t threads[4];
	sqlite3 *db = open_database(file);

	run(db, "CREATE TABLE t(x)");
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, use_shared, db);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	run(db, "SELECT count(*) FROM t");
	sqlite3_close(db);
}

typedef void (*line_runner)(const char *);

static line_runner plugin_load(const char *path, void **handle)
{
	*handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!*handle)
		printf("%s\n", dlerror());
	return *handle ? (line_runner)(size_t)dlsym(*handle, "victim_run_line") : NULL;
}

static pthread_barrier_t start;
static line_runner runners[4];
static unsigned runner_count;

static void *race(void *number)
{
	size_t n = (size_t)number;
	char line[64];
	static const char *const lines[] = {"open h%zu r%zu.db",
					    "exec h%zu CREATE TABLE t(x)",
					    "exec h%zu BEGIN",
					    "exec h%zu PRAGMA journal_mode",
					    "exec h%zu PRAGMA busy_timeout",
					    "exec h%zu COMMIT",
					    "close h%zu"};

	pthread_barrier_wait(&start);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(line, sizeof(line), lines[i], n, n);
#pragma GCC diagnostic pop
		runners[n % runner_count](line);
	}
	return NULL;
}

/* Sixteen threads open the first databases of several copies at once. */
static void scene_race(void)
{
	pthread_t threads[16];
	void *handle;

	for (; plugins[runner_count] && runner_count < 4; runner_count++)
		runners[runner_count] = plugin_load(plugins[runner_count], &handle);
	pthread_barrier_init(&start, NULL, 16);
	for (size_t i = 0; i < 16; i++)
		pthread_create(&threads[i], NULL, race, (void *)i);
	for (size_t i = 0; i < 16; i++)
		pthread_join(threads[i], NULL);
}

/* Loads, uses and unloads each plugin in turn, which all come to lie at the same place. */
static void scene_reload(void)
{
	char line[4096];

	for (int round = 0; round < 40; round++)
		for (char **plugin = plugins; *plugin; plugin++) {
			void *handle;
			line_runner run_line = plugin_load(*plugin, &handle);
			if (!run_line)
				exit(1);
			snprintf(line, sizeof(line), "open a %s", file);
			run_line(line);
			run_line("exec a CREATE TABLE IF NOT EXISTS t(x)");
			run_line("exec a BEGIN");
			run_line("exec a PRAGMA journal_mode");
			run_line("exec a PRAGMA cache_size");
			run_line("exec a COMMIT");
			run_line("close a");
			say("end", ((int (*)(void))(size_t)dlsym(handle, "plugin_end"))());
			dlclose(handle);
		}
}

/* No memory may be made executable that was writable: neither the kernel's own rule nor a filter of the program's. */
static void scene_write_xor_execute(void)
{
	struct sock_filter instructions[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(instructions) / sizeof(instructions[0]), instructions};

	prctl(65 /* PR_SET_MDWE */, 1UL, 0UL, 0UL, 0UL);
	prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL);
	say("seccomp", prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
	sqlite3 *db = open_database(file);
	run(db, "CREATE TABLE t(x)");
	run(db, "BEGIN");
	run(db, "PRAGMA journal_mode");
	run(db, "COMMIT");
	sqlite3_close(db);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*play)(void);
	} scenes[] = {
		{"trace", scene_trace},
		{"trace_new", scene_trace_new},
		{"trace_legacy", scene_trace_legacy},
		{"shutdown", scene_shutdown},
		{"reset", scene_reset},
		{"held", scene_held},
		{"config", scene_config},
		{"extension", scene_extension},
		{"failing_extension", scene_failing_extension},
		{"authorizer", scene_authorizer},
		{"zombie", scene_zombie},
		{"own_checkpoints", scene_own_checkpoints},
		{"errors", scene_errors},
		{"nested", scene_nested},
		{"shared", scene_shared},
		{"race", scene_race},
		{"reload", scene_reload},
		{"write_xor_execute", scene_write_xor_execute},
	};

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 3)
		return 64;
	file = argv[2];
	plugins = argv + 3;
	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++)
		if (strcmp(scenes[i].name, argv[1]) == 0) {
			scenes[i].play();
			return 0;
		}
	return 64;
}
