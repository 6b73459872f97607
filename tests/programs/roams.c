/* roams DATABASE ROUNDS - transactions of two connections by tasks that go from thread to thread, as goroutines do.
 *
 * In each round a task begins and reads on one connection, and another one, on the same thread, does so on the second, and writes;
 * the first one goes on meanwhile, on another thread. Prints how many transactions failed after so many
 * rounds. Compiled with GO_NOTE it is taken for a program made by Go. */
#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ROUNDS 12

#ifdef GO_NOTE
static const struct {
	unsigned name_size, content_size, type;
	char name[4], content[4];
} note __attribute__((section(".note.go.buildid"), used, aligned(4))) = {4, 4, 4, "Go", "none"};
#endif

static sqlite3 *open_database(const char *path)
{
	sqlite3 *db;

	if (sqlite3_open(path, &db) != SQLITE_OK) {
		fprintf(stderr, "roams: cannot open %s\n", path);
		exit(1);
	}
	sqlite3_busy_timeout(db, 2000);
	return db;
}

static bool run(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static bool begin(sqlite3 *db)
{
	return run(db, "BEGIN; SELECT n FROM t");
}

static bool end(sqlite3 *db)
{
	bool done = run(db, "UPDATE t SET n = n + 1") && run(db, "COMMIT");

	if (!done)
		run(db, "ROLLBACK");
	return done;
}

struct round {
	sqlite3 *one, *other;
	bool one_done, other_done;
};

static void *go_on(void *argument)
{
	struct round *round = argument;

	usleep(20000);
	round->one_done = end(round->one);
	return NULL;
}

static void *play(void *argument)
{
	struct round *round = argument;
	bool begun = begin(round->one);
	pthread_t thread;

	if (pthread_create(&thread, NULL, go_on, round) != 0)
		exit(1);
	round->other_done = begin(round->other) && end(round->other);
	pthread_join(thread, NULL);
	round->one_done = round->one_done && begun;
	return NULL;
}

int main(int argc, char **argv)
{
	struct round round;
	pthread_t thread;
	int failed = 0;

	if (argc != 3)
		return 2;
	round.one = open_database(argv[1]);
	round.other = open_database(argv[1]);
	run(round.one, "CREATE TABLE t(n); INSERT INTO t VALUES(0)");
	for (int n = 0; n < ROUNDS; n++) {
		if (pthread_create(&thread, NULL, play, &round) != 0)
			return 1;
		pthread_join(thread, NULL);
		if (n >= atoi(argv[2]))
			failed += !round.one_done + !round.other_done;
	}
	sqlite3_close(round.one);
	sqlite3_close(round.other);
	printf("failed %d\n", failed);
	return 0;
}
