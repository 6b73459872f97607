/* launch.c - starts a program in an environment that no shell would make: launch FILE COMMAND…
 *
 * FILE holds the entries, each ended by a NUL: any bytes, with or without "=", as often as they occur. Exits with 100 if the
 * kernel refuses so much. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static char text[8 << 20];
static char *entries[1 << 16];

int main(int argc, char **argv)
{
	/* arguments may take a quarter of the stack, 6 MB at most */
	struct rlimit stack = {64 << 20, 64 << 20};
	size_t length, count = 0;
	FILE *file;

	if (argc < 3 || !(file = fopen(argv[1], "rb")))
		return 99;
	length = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	for (size_t at = 0; at < length && count < sizeof(entries) / sizeof(entries[0]) - 1; count++) {
		entries[count] = text + at;
		while (text[at++])
			;
	}
	setrlimit(RLIMIT_STACK, &stack);
	execve(argv[2], argv + 2, entries);
	return errno == E2BIG ? 100 : 99;
}
