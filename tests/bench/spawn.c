/* spawn.c - how long a program takes to start and end with one library or another preloaded.
 *
 *   spawn ROUNDS PROGRAM [LIBRARY]...
 *
 * Runs the program without a library and with each, alternately, ROUNDS times, and prints the median of each in µs, one a line. */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

enum { VARIANTS = 8 };

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static double run_us(char *program, const char *library)
{
	char preload[4096];
	char *arguments[] = {program, NULL}, *environment[] = {library ? preload : NULL, NULL};
	double start = now_us();
	pid_t pid;

	snprintf(preload, sizeof(preload), "LD_PRELOAD=%s", library ? library : "");
	if (posix_spawn(&pid, program, NULL, NULL, arguments, environment) != 0 || waitpid(pid, NULL, 0) != pid) {
		perror(program);
		exit(1);
	}
	return now_us() - start;
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

int main(int argc, char **argv)
{
	int rounds = argc > 2 ? atoi(argv[1]) : 0, variants = argc - 2;
	double *times[VARIANTS];

	if (rounds < 1 || variants > VARIANTS)
		return 64;
	for (int i = 0; i < variants; i++)
		if (!(times[i] = calloc((size_t)rounds, sizeof(double))))
			return 1;
	for (int round = 0; round < rounds; round++)
		for (int i = 0; i < variants; i++)
			times[i][round] = run_us(argv[2], i ? argv[i + 2] : NULL);
	for (int i = 0; i < variants; i++) {
		qsort(times[i], (size_t)rounds, sizeof(double), compare);
		printf("%.1f\n", times[i][rounds / 2]);
	}
	return 0;
}
