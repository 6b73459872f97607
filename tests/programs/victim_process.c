/* victim_process.c - the lines of a victim's script that have nothing to do with SQLite. */
#include "victim.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* The environment a program outside the test would have, in outside[size]. Allocates nothing: a child of a process with threads
 * asks for it, and the address sanitizer of gcc 12 takes its allocator's locks along into such a child. */
static void environment_outside(char *outside[], size_t size)
{
	size_t kept = 0;

	for (size_t i = 0; environ[i]; i++) {
		if (strncmp(environ[i], "LD_PRELOAD=", 11) == 0 || strncmp(environ[i], "SQLPROD", 7) == 0)
			continue;
		if (kept + 1 == size)
			victim_die("too many variables", environ[i]);
		outside[kept++] = environ[i];
	}
	outside[kept] = NULL;
}

static void shell(char *command)
{
	char *arguments[] = {(char[]){"sh"}, (char[]){"-c"}, command, NULL};
	char *outside[1024];
	int status;
	pid_t pid;

	environment_outside(outside, sizeof(outside) / sizeof(*outside));
	fflush(stdout);
	if (posix_spawn(&pid, "/bin/sh", NULL, NULL, arguments, outside) != 0 || waitpid(pid, &status, 0) != pid)
		victim_die("cannot run", command);
	if (status)
		printf("sh %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static void barrier(const char *path)
{
	char name[4096], line[256];

	snprintf(name, sizeof(name), "%s.here", path);
	FILE *here = fopen(name, "w");
	if (!here)
		victim_die("cannot open", name);
	fprintf(here, "%d\n", (int)getpid());
	fclose(here);

	snprintf(name, sizeof(name), "%s.go", path);
	FILE *go = fopen(name, "r");
	if (!go || !fgets(line, sizeof(line), go))
		victim_die("nobody said go", name);
	fclose(go);
}

/* One line of /proc/self/status: what a library could change without the program's knowledge. */
static void self_print(const char *field)
{
	FILE *status = fopen("/proc/self/status", "r");
	char line[256];

	if (!status)
		victim_die("cannot open", "/proc/self/status");
	while (fgets(line, sizeof(line), status))
		if (strncmp(line, field, strlen(field)) == 0 && line[strlen(field)] == ':')
			fputs(line, stdout);
	fclose(status);
}

static void descriptors_print(void)
{
	int count = 0;

	for (int i = 0; i < 256; i++)
		count += fcntl(i, F_GETFD) != -1;
	printf("descriptors %d\n", count);
}

/* A data file of the program's own, under whatever descriptor is free. */
static void descriptor_open(const char *path)
{
	printf("open_fd %d\n", open(path, O_WRONLY | O_APPEND));
}

/* By system calls alone, as Go programs do. */
static void file_read(const char *path)
{
	char byte;
	long fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY);

	if (fd < 0 || syscall(SYS_read, fd, &byte, sizeof(byte)) < 0)
		victim_die("cannot read", path);
	syscall(SYS_close, fd);
}

/* Not in every libc. */
int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) __attribute__((weak));

static int rename_flagged(const char *from, const char *to, unsigned flags)
{
	if (renameat2)
		return renameat2(AT_FDCWD, from, AT_FDCWD, to, flags);
	return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
}

static int file_move(const char *verb, const char *from, const char *to)
{
	if (strcmp(verb, "unlink") == 0)
		return unlink(from);
	if (strcmp(verb, "unlinkat") == 0)
		return unlinkat(AT_FDCWD, from, 0);
	if (strcmp(verb, "remove") == 0)
		return remove(from);
	if (strcmp(verb, "rename") == 0)
		return rename(from, to);
	if (strcmp(verb, "renameat") == 0)
		return renameat(AT_FDCWD, from, AT_FDCWD, to);
	if (strcmp(verb, "noreplace") == 0)
		return rename_flagged(from, to, 1);
	if (strcmp(verb, "exchange") == 0)
		return rename_flagged(from, to, 2);
	if (strcmp(verb, "linkat") == 0)
		return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
	return link(from, to);
}

/* A program that gives a file another name, or takes one away. */
static bool file_run(const char *verb, char *rest)
{
	static const char *const verbs[] = {"rename", "renameat", "noreplace", "exchange", "link",
					    "linkat", "unlink",   "unlinkat",  "remove"};
	size_t i = 0, count = sizeof(verbs) / sizeof(verbs[0]);
	const char *from;

	while (i < count && strcmp(verb, verbs[i]) != 0)
		i++;
	if (i == count)
		return false;
	from = victim_word(&rest);
	printf("%s %d\n", verb, file_move(verb, from, rest));
	return true;
}

/* Goes on as a child, while the parent leaves, or waits for it. */
static void forks(const char *what)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		victim_die("cannot fork", what);
	if (pid > 0 && strcmp(what, "leave") == 0)
		_exit(0);
	if (pid > 0 && waitpid(pid, NULL, 0) == pid)
		_exit(0);
}

/* The child does nothing but live, until its parent is gone. */
static void fork_idle(void)
{
	fflush(stdout);
	if (fork() != 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

bool process_run(const char *verb, char *rest)
{
	if (strcmp(verb, "sh") == 0)
		shell(rest);
	else if (strcmp(verb, "barrier") == 0)
		barrier(victim_word(&rest));
	else if (strcmp(verb, "self") == 0)
		self_print(rest);
	else if (strcmp(verb, "close_fd") == 0)
		close(atoi(rest));
	else if (strcmp(verb, "open_fd") == 0)
		descriptor_open(rest);
	else if (strcmp(verb, "read_file") == 0)
		file_read(rest);
	else if (strcmp(verb, "descriptors") == 0)
		descriptors_print();
	else if (strcmp(verb, "setenv") == 0) {
		const char *name = victim_word(&rest);
		setenv(name, rest, 1);
	} else if (strcmp(verb, "chdir") == 0) {
		if (chdir(rest) != 0)
			victim_die("cannot go to", rest);
	} else if (strcmp(verb, "setuid") == 0) {
		if (setuid((uid_t)atoi(rest)) != 0)
			victim_die("cannot become", rest);
	} else if (strcmp(verb, "exit") == 0)
		exit(atoi(rest));
	else if (strcmp(verb, "_exit") == 0)
		_exit(atoi(rest));
	else if (strcmp(verb, "fork") == 0)
		forks(rest);
	else if (strcmp(verb, "fork_idle") == 0)
		fork_idle();
	else if (file_run(verb, rest))
		return true;
	else if (strcmp(verb, "quiet") == 0)
		victim_be_quiet();
	else
		return false;
	return true;
}
