/* contention.c - many writers on one database, and how long each of their transactions takes.
 *
 * contention FILE defaults|recipe|full processes|threads COUNT INSIDE PAUSE SECONDS
 *
 * Each worker repeats: BEGIN, read a counter, wait INSIDE microseconds, write it back plus one and append a row, COMMIT, wait PAUSE
 * microseconds. defaults: as a program does that knows no better, with a busy timeout of 5 s. recipe: the whole recipe by hand;
 * full: the same with synchronous=FULL. A transaction that fails is rolled back, counted as an error and tried again. Prints one
 * line: transactions, seconds, p50, p95, p99, p99.9, max in milliseconds, CPU microseconds per transaction, errors, lost updates;
 * and a second one: context switches per transaction. CPU and switches are the workers' own, from the first transaction to the
 * last. */
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORKERS_LIMIT 512
#define SAMPLES_LIMIT (1u << 20)

enum step { STEP_BEGIN, STEP_READ, STEP_UPDATE, STEP_INSERT, STEP_COMMIT, STEP_ROLLBACK, STEP_COUNT };

struct worker {
	unsigned count, errors;
	double cpu, switches;         /* microseconds; both until it began, and then since */
	float samples[SAMPLES_LIMIT]; /* milliseconds */
};

struct shared {
	atomic_uint ready;
	atomic_bool go, failed;
	int64_t end;
	struct worker workers[WORKERS_LIMIT];
};

static struct shared *shared;
static const char *file;
static bool recipe, full, threads;
static unsigned count;
static int64_t inside, pause_after, duration;

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void sleep_for(int64_t nanoseconds)
{
	struct timespec time = {nanoseconds / 1000000000, nanoseconds % 1000000000};

	if (nanoseconds)
		clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
}

static _Noreturn void die(sqlite3 *db, const char *what)
{
	fprintf(stderr, "contention: %s: %s\n", what, db ? sqlite3_errmsg(db) : "failed");
	atomic_store(&shared->failed, true);
	exit(1);
}

static void execute(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		die(db, sql);
}

static sqlite3 *open_database(void)
{
	sqlite3 *db;

	if (sqlite3_open(file, &db) != SQLITE_OK)
		die(db, file);
	sqlite3_busy_timeout(db, recipe ? 30000 : 5000);
	if (recipe)
		execute(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY;"
			    "PRAGMA mmap_size=134217728; PRAGMA journal_size_limit=67108864; PRAGMA cache_size=-20000");
	if (full)
		execute(db, "PRAGMA synchronous=FULL");
	return db;
}

static bool run(sqlite3_stmt *stmt)
{
	bool ok = sqlite3_step(stmt) == SQLITE_DONE;

	sqlite3_reset(stmt);
	return ok;
}

static bool transact(sqlite3_stmt **steps)
{
	int64_t value;

	if (!run(steps[STEP_BEGIN]))
		return false;
	if (sqlite3_step(steps[STEP_READ]) != SQLITE_ROW) {
		sqlite3_reset(steps[STEP_READ]);
		return false;
	}
	value = sqlite3_column_int64(steps[STEP_READ], 0);
	sqlite3_reset(steps[STEP_READ]);
	sleep_for(inside);
	sqlite3_bind_int64(steps[STEP_UPDATE], 1, value + 1);
	return run(steps[STEP_UPDATE]) && run(steps[STEP_INSERT]) && run(steps[STEP_COMMIT]);
}

/* Of a thread that is a process of its own the same. */
static void count_usage(struct worker *worker)
{
	struct rusage used;

	getrusage(RUSAGE_THREAD, &used);
	worker->cpu = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 +
		      (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) - worker->cpu;
	worker->switches = (double)(used.ru_nvcsw + used.ru_nivcsw) - worker->switches;
}

static void work(struct worker *worker)
{
	static const char *const texts[STEP_COUNT] = {
		"BEGIN",   "SELECT n FROM counter", "UPDATE counter SET n = ?", "INSERT INTO log(worker) VALUES(?)", "COMMIT",
		"ROLLBACK"};
	sqlite3 *db = open_database();
	sqlite3_stmt *steps[STEP_COUNT];
	int64_t start;

	for (int i = 0; i < STEP_COUNT; i++)
		if (sqlite3_prepare_v2(db, i == STEP_BEGIN && recipe ? "BEGIN IMMEDIATE" : texts[i], -1, &steps[i], NULL) !=
		    SQLITE_OK)
			die(db, texts[i]);
	sqlite3_bind_int64(steps[STEP_INSERT], 1, worker - shared->workers);
	atomic_fetch_add(&shared->ready, 1);
	while (!atomic_load(&shared->go))
		sleep_for(1000000);
	count_usage(worker);
	while (now() < shared->end) {
		start = now();
		if (!transact(steps)) {
			worker->errors++;
			if (!sqlite3_get_autocommit(db))
				run(steps[STEP_ROLLBACK]);
		} else if (worker->count < SAMPLES_LIMIT) {
			worker->samples[worker->count++] = (float)((double)(now() - start) / 1e6);
		}
		sleep_for(pause_after);
	}
	count_usage(worker);
	for (int i = 0; i < STEP_COUNT; i++)
		sqlite3_finalize(steps[i]);
	sqlite3_close(db);
}

static void *work_thread(void *argument)
{
	work(argument);
	return NULL;
}

static void start_and_wait(void)
{
	pthread_t handles[WORKERS_LIMIT];
	pid_t pids[WORKERS_LIMIT];

	for (unsigned i = 0; i < count; i++) {
		struct worker *worker = &shared->workers[i];
		if (threads) {
			if (pthread_create(&handles[i], NULL, work_thread, worker) != 0)
				die(NULL, "pthread_create");
		} else if ((pids[i] = fork()) == 0) {
			work(worker);
			exit(0);
		} else if (pids[i] < 0) {
			die(NULL, "fork");
		}
	}
	while (atomic_load(&shared->ready) < count && !atomic_load(&shared->failed))
		sleep_for(1000000);
	shared->end = now() + duration;
	atomic_store(&shared->go, true);
	for (unsigned i = 0; i < count; i++) {
		int status = 0;
		if (threads)
			pthread_join(handles[i], NULL);
		else if (waitpid(pids[i], &status, 0) < 0 || status != 0)
			die(NULL, "a worker");
	}
}

static int64_t ask(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt;
	int64_t answer;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK || sqlite3_step(stmt) != SQLITE_ROW)
		die(db, sql);
	answer = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return answer;
}

static int compare(const void *left, const void *right)
{
	float a = *(const float *)left, b = *(const float *)right;

	return (a > b) - (a < b);
}

static void report(double seconds)
{
	static const double shares[] = {0.5, 0.95, 0.99, 0.999, 1};
	unsigned total = 0, errors = 0, at = 0;
	double cpu = 0, switches = 0;
	long long lost;
	float *samples;
	sqlite3 *db;

	for (unsigned i = 0; i < count; i++) {
		total += shared->workers[i].count;
		errors += shared->workers[i].errors;
		cpu += shared->workers[i].cpu;
		switches += shared->workers[i].switches;
	}
	samples = malloc((total + 1) * sizeof(*samples));
	if (!samples || !total)
		die(NULL, "no transaction");
	for (unsigned i = 0; i < count; at += shared->workers[i++].count)
		memcpy(samples + at, shared->workers[i].samples, shared->workers[i].count * sizeof(*samples));
	qsort(samples, total, sizeof(*samples), compare);
	db = open_database();
	lost = llabs(total - ask(db, "SELECT n FROM counter")) + llabs(total - ask(db, "SELECT count(*) FROM log"));
	printf("%u %.3f", total, seconds);
	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++)
		printf(" %.3f", (double)samples[(size_t)((total - 1) * shares[i])]);
	printf(" %.1f %u %lld\n%.2f\n", cpu / total, errors, lost, switches / total);
	sqlite3_close(db);
	free(samples);
}

static void make_database(void)
{
	sqlite3 *db = open_database();

	execute(db, "CREATE TABLE counter(n INTEGER); INSERT INTO counter VALUES(0)");
	execute(db, "CREATE TABLE log(id INTEGER PRIMARY KEY, worker INTEGER)");
	sqlite3_close(db);
}

int main(int argc, char **argv)
{
	int64_t start;

	if (argc != 8 || atoi(argv[4]) < 1 || atoi(argv[4]) > WORKERS_LIMIT) {
		fputs("usage: contention FILE defaults|recipe|full processes|threads COUNT INSIDE PAUSE SECONDS\n", stderr);
		return 64;
	}
	file = argv[1];
	full = strcmp(argv[2], "full") == 0;
	recipe = full || strcmp(argv[2], "recipe") == 0;
	threads = strcmp(argv[3], "threads") == 0;
	count = (unsigned)atoi(argv[4]);
	inside = atoll(argv[5]) * 1000;
	pause_after = atoll(argv[6]) * 1000;
	duration = (int64_t)(atof(argv[7]) * 1e9);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (shared == MAP_FAILED)
		return 1;
	make_database();
	start_and_wait();
	start = shared->end - duration;
	report((double)(now() - start) / 1e9);
	return 0;
}
