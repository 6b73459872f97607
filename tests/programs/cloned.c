/* cloned.c - children that end by _exit() and share the memory of the program, but have zeros where a thread's own variables are,
 * as Chromium's that enters a chroot: once before a database is used, once while one is open. */
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static char stack[65536] __attribute__((aligned(16)));
static char tls[65536] __attribute__((aligned(64)));

static int end(void *name)
{
	if (((const char *)name)[1] == 'e')
		_exit(7);
	_Exit(7);
}

static void make_child(char *name)
{
	int status = 0;
	pid_t pid = clone(end, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | CLONE_FS | CLONE_SETTLS | SIGCHLD, name, NULL,
			  tls + sizeof(tls) / 2, NULL);

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		exit(2);
	if (WIFSIGNALED(status))
		printf("%s signal %d\n", name, WTERMSIG(status));
	else
		printf("%s status %d\n", name, WEXITSTATUS(status));
}

int main(void)
{
	char low[] = "_exit", high[] = "_Exit";
	sqlite3 *db;

	make_child(low);
	make_child(high);
	if (sqlite3_open("t.db", &db) != SQLITE_OK || sqlite3_exec(db, "CREATE TABLE t(x)", NULL, NULL, NULL) != SQLITE_OK)
		return 2;
	make_child(low);
	make_child(high);
	return sqlite3_exec(db, "INSERT INTO t VALUES(1)", NULL, NULL, NULL) != SQLITE_OK;
}
