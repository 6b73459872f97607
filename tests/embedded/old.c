/* old.c - a program that still has SQLite 3.8.9 inside, which had no sqlite3_trace_v2().
 *
 *   old FILE SQL...      each is executed and its rows are printed; "lock" says whether another process could write */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int print_row(void *unused, int count, char **values, char **columns)
{
	(void)unused;
	(void)columns;
	if (count)
		puts(values[0] ? values[0] : "NULL");
	return 0;
}

int main(int argc, char **argv)
{
	sqlite3 *db = NULL;
	char command[4096];

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2 || sqlite3_open(argv[1], &db) != SQLITE_OK)
		return 64;
	snprintf(command, sizeof(command), "LD_PRELOAD= observer lock '%s'", argv[1]);
	for (int i = 2; i < argc; i++) {
		int rc = strcmp(argv[i], "lock") == 0 ? system(command) : sqlite3_exec(db, argv[i], print_row, NULL, NULL);
		if (rc)
			printf("%s: %d\n", argv[i], rc);
	}
	printf("%s %d\n", sqlite3_libversion(), sqlite3_close(db));
	return 0;
}
