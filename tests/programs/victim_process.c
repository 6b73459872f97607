/* victim_process.c - the lines of a victim's script that have nothing to do with SQLite. */
#include "victim.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* The environment a program outside the test would have. The caller frees the array, not the strings. */
static char **environment_outside(void)
{
	size_t count = 0, kept = 0;

	while (environ[count])
		count++;
	char **outside = calloc(count + 1, sizeof(*outside));
	if (!outside)
		victim_die("out of memory", "sh");
	for (size_t i = 0; i < count; i++)
		if (strncmp(environ[i], "LD_PRELOAD=", 11) != 0 && strncmp(environ[i], "SQLPROD", 7) != 0)
			outside[kept++] = environ[i];
	return outside;
}

static void shell(char *command)
{
	char *arguments[] = {(char[]){"sh"}, (char[]){"-c"}, command, NULL};
	char **outside = environment_outside();
	int status;
	pid_t pid;

	fflush(stdout);
	if (posix_spawn(&pid, "/bin/sh", NULL, NULL, arguments, outside) != 0 || waitpid(pid, &status, 0) != pid)
		victim_die("cannot run", command);
	free(outside);
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

/* One line of /proc/self/status: what a library could change behind a program's back. */
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
	else if (strcmp(verb, "quiet") == 0)
		victim_be_quiet();
	else
		return false;
	return true;
}
