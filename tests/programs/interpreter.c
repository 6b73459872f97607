/* interpreter DATABASE TIMEOUT SECONDS [free] - two threads of which only the one that has the interpreter's lock runs, as Ruby's
 * do: it has it in its calls of SQLite too, or with free gives it back for them.
 *
 * One thread begins to write, thinks for so long without the lock, and commits; the other one, that has its own connection with
 * this busy timeout, writes beside it. Prints the other one's result, how long it took in ms, and the first one's. */
#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* What libruby has. */
uintptr_t rb_cObject = 8;
void *ruby_current_vm_ptr = &rb_cObject;
int ruby_thread_has_gvl_p(void);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local bool has_lock;
static bool is_free;
static double thinks;
static int first_rc;
static pthread_barrier_t begun;

int ruby_thread_has_gvl_p(void)
{
	return has_lock;
}

static void take(void)
{
	pthread_mutex_lock(&lock);
	has_lock = true;
}

static void give(void)
{
	has_lock = false;
	pthread_mutex_unlock(&lock);
}

static int execute(sqlite3 *db, const char *sql)
{
	int rc;

	if (is_free)
		give();
	rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
	if (is_free)
		take();
	return rc;
}

static sqlite3 *open_database(const char *path, int timeout)
{
	sqlite3 *db;

	if (sqlite3_open(path, &db) != SQLITE_OK)
		exit(2);
	sqlite3_busy_timeout(db, timeout);
	return db;
}

static void *write_first(void *path)
{
	sqlite3 *db = open_database(path, 1000);

	take();
	execute(db, "PRAGMA journal_mode=wal; CREATE TABLE t(n); BEGIN IMMEDIATE; INSERT INTO t VALUES(1)");
	give();
	pthread_barrier_wait(&begun);
	usleep((useconds_t)(thinks * 1e6));
	take();
	first_rc = execute(db, "COMMIT");
	sqlite3_close(db);
	give();
	return NULL;
}

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
	sqlite3 *other;
	pthread_t thread;
	double began;
	int rc;

	if (argc < 4)
		return 2;
	is_free = argc > 4 && strcmp(argv[4], "free") == 0;
	thinks = atof(argv[3]);
	other = open_database(argv[1], atoi(argv[2]));
	if (pthread_barrier_init(&begun, NULL, 2) != 0 || pthread_create(&thread, NULL, write_first, argv[1]) != 0)
		return 2;
	pthread_barrier_wait(&begun);
	take();
	began = now_ms();
	rc = execute(other, "INSERT INTO t VALUES(2)");
	printf("%d after %.0f ms", rc, now_ms() - began);
	give();
	pthread_join(thread, NULL);
	sqlite3_close(other);
	printf(", the other %d\n", first_rc);
	return 0;
}
