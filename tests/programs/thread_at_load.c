/* thread_at_load.c - a plugin for host whose constructor starts a thread and waits for its end. The thread calls the function that
 * CALL names, perhaps for the first time in the process. So does a thread that its destructor starts, if UNLOADS is set. Compiled
 * with SQLITE it brings SQLite along. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef SQLITE
#include <sqlite3.h>
#endif

void victim_run_line(const char *line);

#ifdef SQLITE
static bool uses_sqlite(void)
{
	sqlite3 *db;
	bool done = sqlite3_open("t.db", &db) == SQLITE_OK &&
		    sqlite3_exec(db, "CREATE TABLE IF NOT EXISTS t(n); INSERT INTO t VALUES(1)", NULL, NULL, NULL) == SQLITE_OK;

	return sqlite3_close(db) == SQLITE_OK && done;
}
#endif

static void *call(void *name)
{
	struct stat status;
	char byte;

	if (strcmp(name, "read") == 0)
		return read(-1, &byte, 1) < 0 ? name : NULL;
	if (strcmp(name, "open") == 0)
		return open("none", O_RDONLY) < 0 ? name : NULL;
	if (strcmp(name, "stat") == 0)
		return stat("none", &status) < 0 ? name : NULL;
	if (strcmp(name, "rename") == 0)
		return rename("none", "none") < 0 ? name : NULL;
	if (strcmp(name, "poll") == 0)
		return poll(NULL, 0, 1) == 0 ? name : NULL;
#ifdef SQLITE
	if (strcmp(name, "sqlite") == 0)
		return uses_sqlite() ? name : NULL;
#endif
	return strcmp(name, "usleep") == 0 && usleep(1) == 0 ? name : NULL;
}

static void call_in_thread(void)
{
	pthread_t thread;
	void *called = NULL;

	if (pthread_create(&thread, NULL, call, getenv("CALL")) == 0)
		pthread_join(thread, &called);
	puts(called ? called : "failed");
}

static __attribute__((constructor)) void start(void)
{
	if (!getenv("UNLOADS"))
		call_in_thread();
}

static __attribute__((destructor)) void stop(void)
{
	if (getenv("UNLOADS"))
		call_in_thread();
}

void victim_run_line(const char *line)
{
	puts(line);
}
