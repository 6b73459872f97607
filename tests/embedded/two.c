/* two.c - a program, not position-independent and large, that has two copies of SQLite inside: the second one's names begin with
 * other_ (embedded.mk).
 *
 *   two FILE OTHER       each copy begins a transaction in its own; "held" or "free": could another process write? */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

extern __typeof__(sqlite3_open) other_sqlite3_open;
extern __typeof__(sqlite3_exec) other_sqlite3_exec;
extern __typeof__(sqlite3_close) other_sqlite3_close;

/* So that all of it is not searched at once. */
extern const char two_ballast[4 << 20];
const char two_ballast[4 << 20] = {1};

static int use(const char *file, __typeof__(&sqlite3_open) begin, __typeof__(&sqlite3_exec) exec, __typeof__(&sqlite3_close) end)
{
	sqlite3 *db = NULL;
	char command[4096];

	snprintf(command, sizeof(command), "LD_PRELOAD= observer lock '%s'", file);
	return begin(file, &db) || exec(db, "CREATE TABLE IF NOT EXISTS t(x)", NULL, NULL, NULL) ||
	       exec(db, "BEGIN", NULL, NULL, NULL) || system(command) || exec(db, "COMMIT", NULL, NULL, NULL) || end(db);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 3)
		return 64;
	for (int i = 0; i < 2; i++)
		if (use(argv[1], sqlite3_open, sqlite3_exec, sqlite3_close) ||
		    use(argv[2], other_sqlite3_open, other_sqlite3_exec, other_sqlite3_close))
			return 1;
	return two_ballast[argc] == 0 ? 0 : 2;
}
