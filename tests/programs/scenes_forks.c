/* scenes_forks.c - programs that fork while they open files and databases. */
#include "scenes.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t forks;
static bool by_vfork, works;

/* As a crash handler does that starts a program. */
static void fork_in_handler(int number)
{
	pid_t child;

	(void)number;
	child = by_vfork ? vfork() : fork();
	if (child == 0)
		_exit(0);
	if (child > 0)
		waitpid(child, NULL, 0);
	forks++;
}

static void every(int microseconds)
{
	struct itimerval timer = {{0, microseconds}, {0, microseconds}};

	setitimer(ITIMER_REAL, &timer, NULL);
}

static void open_database(void)
{
	sqlite3 *db;

	use->open("t.db", &db);
	if (works)
		use->exec(db, "CREATE TABLE IF NOT EXISTS t(x); INSERT INTO t VALUES(1)", NULL, NULL, NULL);
	use->close(db);
}

static void open_files(void)
{
	const int flags = O_RDWR | O_CREAT | O_CLOEXEC;
	int all[] = {open("lock", flags, 0600), open64("lock64", flags, 0600), openat(AT_FDCWD, "lockat", flags, 0600),
		     openat64(AT_FDCWD, "lockat64", flags, 0600), open("lockn", flags | O_NOFOLLOW, 0600)};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		close(all[i]);
}

static void handler_while(void (*run)(void), int count)
{
	signal(SIGALRM, fork_in_handler);
	every(400);
	while (forks < count)
		run();
	every(0);
	printf("done\n");
}

static void handler_opens_files(void)
{
	open_database();
	handler_while(open_files, 300);
}

static void handler_opens_databases(void)
{
	handler_while(open_database, 300);
}

static void handler_works(void)
{
	works = true;
	handler_while(open_database, 60);
}

static void vfork_opens_databases(void)
{
	by_vfork = true;
	handler_while(open_database, 300);
}

static volatile bool stop;

static void *keep(void *run)
{
	void (*function)(void);

	*(void **)&function = run;
	while (!stop)
		function();
	return NULL;
}

/* Threads open; the main thread forks children that open once. A child that hangs is ended by its alarm. */
static void children_beside(void (*run)(void), int count)
{
	pthread_t threads[2];
	int hung = 0;

	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, keep, *(void **)&run);
	for (int i = 0; i < count && !hung; i++) {
		int status;
		pid_t child = fork();
		if (child == 0) {
			alarm(30);
			open_files();
			_exit(0);
		}
		hung += waitpid(child, &status, 0) != child || status != 0;
	}
	stop = true;
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	printf("hung %d\n", hung);
}

static void children_beside_files(void)
{
	children_beside(open_files, 300);
}

static void children_beside_databases(void)
{
	children_beside(open_database, 100);
}

const struct scene fork_scenes[] = {
	{"handler_opens_files", handler_opens_files},
	{"handler_opens_databases", handler_opens_databases},
	{"handler_works", handler_works},
	{"vfork_opens_databases", vfork_opens_databases},
	{"children_beside_files", children_beside_files},
	{"children_beside_databases", children_beside_databases},
	{NULL, NULL},
};
