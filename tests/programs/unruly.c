/* unruly.c - a program that treats its connections as few do, but some.
 *
 *   unruly SCENE FILE [NUMBER]
 *
 * cancel     a thread is cancelled while it waits for the lock
 * jump       callbacks leave sqlite3_exec() by longjmp()
 * handler    a signal handler opens and closes files the way SQLite does, wherever the signal hits
 * vfork      children of vfork() open files before they go
 * loop       NUMBER connections, one after the other
 * prepared   NUMBER transactions and statements on one connection, each prepared anew
 * many       NUMBER connections at once
 * stack      how many bytes of its stack a thread uses at most that opens, uses and closes a database
 *
 * Each prints what must be the same with the library as without; loop and prepared add by how many KiB the process grew in the
 * second half, and stack its number. Linked with libsqlite3, and with SQLite inside. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *file;
static long number;

static sqlite3 *open_database(void)
{
	sqlite3 *db = NULL;
	int rc = sqlite3_open(file, &db);

	if (rc)
		printf("open %d\n", rc);
	return db;
}

static void run(sqlite3 *db, const char *sql)
{
	int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);

	if (rc)
		printf("%s: %d %s\n", sql, rc, sqlite3_errmsg(db));
}

static int print_value(void *unused, int count, char **values, char **columns)
{
	(void)unused;
	(void)count;
	printf("%s %s\n", columns[0], values[0] ? values[0] : "NULL");
	return 0;
}

static atomic_int waiter;

/* Woken, a thread would be cancelled at its next read, with a lock of the file that nobody gives back then: SQLite alone too. */
static void wait_until_waiter_sleeps(void)
{
	char name[64], stat[512] = "";
	FILE *in;

	do {
		usleep(1000);
		snprintf(name, sizeof(name), "/proc/self/task/%d/stat", (int)waiter);
		in = fopen(name, "re");
		if (!in)
			continue;
		if (!fgets(stat, sizeof(stat), in))
			*stat = '\0';
		fclose(in);
	} while (!strstr(stat, ") S "));
}

static void *insert_after_waiting(void *argument)
{
	sqlite3 *db = open_database();

	(void)argument;
	waiter = (int)syscall(SYS_gettid);
	sqlite3_busy_timeout(db, 30000);
	run(db, "INSERT INTO t VALUES(2)");
	sqlite3_close(db);
	return NULL;
}

static void scene_cancel(void)
{
	struct timespec limit;
	pthread_t thread;
	void *result = NULL;
	sqlite3 *db = open_database();

	run(db, "CREATE TABLE t(x); BEGIN IMMEDIATE; INSERT INTO t VALUES(1)");
	pthread_create(&thread, NULL, insert_after_waiting, NULL);
	usleep(300000);
	wait_until_waiter_sleeps();
	pthread_cancel(thread);
	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += 10;
	if (pthread_timedjoin_np(thread, &result, &limit) != 0)
		puts("still waiting");
	else
		puts(result == PTHREAD_CANCELED ? "cancelled" : "done");
	run(db, "COMMIT");
	sqlite3_exec(db, "SELECT count(*) FROM t", print_value, NULL, NULL);
}

static jmp_buf out;

static int leave(void *argument, int count, char **values, char **columns)
{
	(void)argument;
	(void)count;
	(void)values;
	(void)columns;
	longjmp(out, 1);
}

static void scene_jump(void)
{
	sqlite3 *volatile db = open_database();
	volatile int jumps = 0;

	run(db, "CREATE TABLE t(x); INSERT INTO t VALUES(1),(2)");
	while (jumps < 3)
		if (setjmp(out) == 0)
			sqlite3_exec(db, "SELECT x FROM t; INSERT INTO t VALUES(9)", leave, NULL, NULL);
		else
			jumps++;
	/* the statements it left are still running */
	while (sqlite3_next_stmt(db, NULL))
		sqlite3_finalize(sqlite3_next_stmt(db, NULL));
	run(db, "BEGIN; INSERT INTO t VALUES(3); COMMIT");
	sqlite3_exec(db, "SELECT count(*) FROM t", print_value, NULL, NULL);
	db = open_database();
	run(db, "BEGIN; INSERT INTO t VALUES(4); COMMIT");
	sqlite3_exec(db, "PRAGMA journal_mode", print_value, NULL, NULL);
	sqlite3_exec(db, "PRAGMA busy_timeout", print_value, NULL, NULL);
}

static volatile sig_atomic_t signals, opened;

static void open_in_handler(int signal)
{
	int fd = open(file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	(void)signal;
	signals++;
	opened += fd >= 0;
	if (fd >= 0)
		close(fd);
}

static void scene_handler(void)
{
	const struct sigaction action = {.sa_handler = open_in_handler, .sa_flags = SA_RESTART};
	const struct itimerval often = {{0, 200}, {0, 200}};
	static char other[4096];

	/* its own file: to close one of a database takes the locks away */
	snprintf(other, sizeof(other), "%s.other", file);
	close(open(other, O_RDWR | O_CREAT, 0600));
	run(open_database(), "CREATE TABLE t(x)");
	{
		const char *database = file;
		file = other;
		sigaction(SIGALRM, &action, NULL);
		setitimer(ITIMER_REAL, &often, NULL);
		for (long i = 0; i < number; i++) {
			sqlite3 *db = NULL;
			sqlite3_open(database, &db);
			run(db, "BEGIN; INSERT INTO t VALUES(1); COMMIT");
			sqlite3_close(db);
		}
		setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}, NULL);
		file = database;
	}
	printf("signals %s\n", signals > 0 && opened == signals ? "all opened" : "not all opened");
	sqlite3_exec(open_database(), "SELECT count(*) FROM t", print_value, NULL, NULL);
}

static void scene_vfork(void)
{
	sqlite3 *db = open_database();
	int bad = 0;

	run(db, "CREATE TABLE t(x)");
	for (int i = 0; i < 50; i++) {
		int status = 0;
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
		pid_t pid = vfork();
		if (pid == 0)
			_exit(open("/dev/null", O_RDWR | O_CREAT | O_CLOEXEC, 0600) >= 0 ? 0 : 1);
		bad += waitpid(pid, &status, 0) != pid || status != 0;
		run(db, "BEGIN; INSERT INTO t VALUES(1); COMMIT");
	}
	printf("bad %d\n", bad);
	sqlite3_exec(db, "SELECT count(*) FROM t", print_value, NULL, NULL);
}

static long resident(void)
{
	long pages = 0, kept = 0;
	FILE *statm = fopen("/proc/self/statm", "r");

	if (!statm || fscanf(statm, "%ld %ld", &pages, &kept) != 2)
		puts("no statm");
	if (statm)
		fclose(statm);
	return kept * 4;
}

static void scene_loop(void)
{
	long half = 0;

	run(open_database(), "CREATE TABLE t(x)");
	for (long i = 0; i < number; i++) {
		sqlite3 *db = open_database();
		if (i % 100 == 0)
			run(db, "BEGIN; INSERT INTO t VALUES(1); COMMIT");
		else
			run(db, "SELECT x FROM t LIMIT 1");
		sqlite3_close(db);
		if (i == number / 2)
			half = resident();
	}
	sqlite3_exec(open_database(), "SELECT count(*) FROM t", print_value, NULL, NULL);
	printf("grew %ld\n", resident() - half);
}

static void step_all(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt = NULL;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL))
		puts(sqlite3_errmsg(db));
	while (sqlite3_step(stmt) == SQLITE_ROW)
		;
	sqlite3_finalize(stmt);
}

static void scene_prepared(void)
{
	sqlite3 *db = open_database();
	long half = 0;

	run(db, "CREATE TABLE t(x); INSERT INTO t VALUES(0)");
	for (long i = 0; i < number; i++) {
		step_all(db, "BEGIN");
		step_all(db, "UPDATE t SET x=x+1");
		step_all(db, "COMMIT");
		step_all(db, "PRAGMA busy_timeout=100");
		if (i == number / 2)
			half = resident();
	}
	sqlite3_exec(db, "SELECT x FROM t", print_value, NULL, NULL);
	printf("grew %ld\n", resident() - half);
}

static void scene_many(void)
{
	sqlite3 **all = calloc((size_t)number, sizeof(sqlite3 *));

	for (long i = 0; i < number; i++) {
		all[i] = open_database();
		run(all[i], i ? "SELECT count(*) FROM t" : "CREATE TABLE t(x)");
	}
	for (long i = 0; i < number; i += 10)
		run(all[i], "BEGIN; INSERT INTO t VALUES(1); COMMIT");
	sqlite3_exec(all[number - 1], "SELECT count(*) FROM t", print_value, NULL, NULL);
	for (long i = 0; i < number; i++)
		if (sqlite3_close(all[i]))
			puts("not closed");
	free(all);
}

static void *use_database(void *argument)
{
	sqlite3 *db = open_database();

	run(db, "BEGIN; INSERT INTO t VALUES(1); COMMIT");
	run(db, "REPLACE INTO p VALUES(1)");
	step_all(db, "BEGIN");
	step_all(db, "SELECT count(*) FROM t");
	step_all(db, "COMMIT");
	run(db, "DROP TABLE c");
	sqlite3_close(db);
	return argument;
}

static size_t used_by(void *(*function)(void *))
{
	enum { SIZE = 1 << 20 };
	unsigned char *stack = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_attr_t attributes;
	pthread_t thread;
	size_t untouched = 0;

	memset(stack, 0xa5, SIZE);
	pthread_attr_init(&attributes);
	pthread_attr_setstack(&attributes, stack, SIZE);
	if (pthread_create(&thread, &attributes, function, NULL) != 0)
		return 0;
	pthread_join(thread, NULL);
	while (stack[untouched] == 0xa5)
		untouched++;
	return SIZE - untouched;
}

static void scene_stack(void)
{
	sqlite3 *db = open_database();

	run(db, "CREATE TABLE t(x); CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(p REFERENCES p ON DELETE CASCADE)");
	sqlite3_close(db);
	printf("stack %zu\n", used_by(use_database));
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*play)(void);
	} scenes[] = {
		{"cancel", scene_cancel}, {"jump", scene_jump},         {"handler", scene_handler}, {"vfork", scene_vfork},
		{"loop", scene_loop},     {"prepared", scene_prepared}, {"many", scene_many},       {"stack", scene_stack},
	};

	if (argc < 3)
		return 64;
	file = argv[2];
	number = argc > 3 ? atol(argv[3]) : 0;
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
		if (strcmp(scenes[i].name, argv[1]) == 0) {
			scenes[i].play();
			return 0;
		}
	}
	return 64;
}
