/* huge.c - statements of hundreds of megabytes: huge KIND MEGABYTES CALL
 *
 * KIND is what precedes a BEGIN: comment, blanks, semicolons, statements (each "SELECT 1;"), line (a comment without its end),
 * string (one literal in a SELECT), open (nothing after it); tail: a SELECT far after the BEGIN. CALL: exec, table, prepare,
 * prepare16. Prints the code and whether a transaction is open. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fill(char *out, size_t size, const char *unit)
{
	size_t length = strlen(unit);

	for (size_t at = 0; at + length <= size; at += length)
		memcpy(out + at, unit, length);
	memset(out + size - size % length, ' ', size % length);
}

static char *write_text(const char *kind, size_t size)
{
	static const struct {
		const char *kind, *before, *unit, *behind;
	} kinds[] = {{"comment", "/*", "x;", "*/BEGIN"},
		     {"blanks", "", " ", "BEGIN"},
		     {"semicolons", "", ";", "BEGIN"},
		     {"statements", "", "SELECT 1;", "BEGIN"},
		     {"line", "--", "BEGIN", "\nBEGIN"},
		     {"string", "SELECT '", "x;", "';BEGIN"},
		     {"open", "/*", "x", ""},
		     {"tail", "BEGIN;", " ", "SELECT 1"}};
	char *text = malloc(size + 100), *end = text;

	for (size_t i = 0; text && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].kind, kind) != 0)
			continue;
		end = stpcpy(end, kinds[i].before);
		fill(end, size, kinds[i].unit);
		strcpy(end + size, kinds[i].behind);
		return text;
	}
	exit(2);
}

static void *widen(const char *text)
{
	size_t length = strlen(text);
	unsigned short *wide = malloc(2 * length + 2);

	for (size_t i = 0; wide && i <= length; i++)
		wide[i] = (unsigned char)text[i];
	return wide;
}

static int call(sqlite3 *db, const char *name, const char *text)
{
	sqlite3_stmt *stmt = NULL;
	char **table = NULL;
	int rc = SQLITE_OK;

	if (strcmp(name, "exec") == 0)
		return sqlite3_exec(db, text, NULL, NULL, NULL);
	if (strcmp(name, "table") == 0) {
		rc = sqlite3_get_table(db, text, &table, &(int){0}, &(int){0}, NULL);
		sqlite3_free_table(table);
		return rc;
	}
	if (strcmp(name, "prepare") == 0)
		rc = sqlite3_prepare_v2(db, text, -1, &stmt, NULL);
	else
		rc = sqlite3_prepare16_v2(db, widen(text), -1, &stmt, NULL);
	if (rc == SQLITE_OK && stmt)
		rc = sqlite3_step(stmt);
	sqlite3_finalize(stmt);
	return rc;
}

int main(int argc, char **argv)
{
	sqlite3 *db;
	int rc;

	if (argc != 4 || sqlite3_open("t.db", &db) != SQLITE_OK)
		return 2;
	sqlite3_exec(db, "CREATE TABLE IF NOT EXISTS t(x)", NULL, NULL, NULL);
	rc = call(db, argv[3], write_text(argv[1], strtoul(argv[2], NULL, 10) << 20));
	printf("%d transaction %d\n", rc, !sqlite3_get_autocommit(db));
	return 0;
}
