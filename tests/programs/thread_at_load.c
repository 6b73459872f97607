/* thread_at_load.c - a plugin for host whose constructor starts a thread and waits for its end. The thread calls the function that
 * CALL names, perhaps for the first time in the process. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void victim_run_line(const char *line);

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
	return strcmp(name, "usleep") == 0 && usleep(1) == 0 ? name : NULL;
}

static __attribute__((constructor)) void start(void)
{
	pthread_t thread;
	void *called = NULL;

	if (pthread_create(&thread, NULL, call, getenv("CALL")) == 0)
		pthread_join(thread, &called);
	puts(called ? called : "failed");
}

void victim_run_line(const char *line)
{
	puts(line);
}
