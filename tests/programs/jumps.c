/* jumps.c - a program whose authorizer leaves a compile by longjmp(), as bindings do whose language raises an error in it.
 *
 *   jumps FILE
 *
 * Prints what must be the same with the library as without. */
#include <setjmp.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

static jmp_buf out;
static int questions; /* until it leaves; negative: it stays */

static int authorize(void *unused, int action, const char *first, const char *second, const char *schema, const char *trigger)
{
	(void)unused, (void)action, (void)first, (void)second, (void)schema, (void)trigger;
	if (questions == 0)
		longjmp(out, 1);
	questions -= questions > 0;
	return SQLITE_OK;
}

static void run(sqlite3 *db, const char *sql)
{
	char *message = NULL;
	int rc = sqlite3_exec(db, sql, NULL, NULL, &message);

	printf("%s: %d %s\n", sql, rc, message ? message : "");
	sqlite3_free(message);
}

/* Compiles it with this much of the stack in use, which must stay as it is. */
static __attribute__((noinline)) int changes(sqlite3 *db, const char *sql)
{
	volatile unsigned char used[32768];
	sqlite3_stmt *stmt = NULL;
	int changed = 0;

	for (size_t i = 0; i < sizeof(used); i++)
		used[i] = 0xa5;
	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL))
		puts(sqlite3_errmsg(db));
	while (sqlite3_step(stmt) == SQLITE_ROW)
		;
	sqlite3_finalize(stmt);
	for (size_t i = 0; i < sizeof(used); i++)
		changed += used[i] != 0xa5;
	return changed;
}

static void leave_compile(sqlite3 *db, const char *sql, int after)
{
	sqlite3_stmt *stmt = NULL;

	questions = after;
	if (setjmp(out) == 0)
		sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
	questions = -1;
	sqlite3_finalize(stmt);
}

/* Statements that were kept meanwhile are compiled anew, as another connection has changed the schema. */
static void run_kept(const char *path, sqlite3 *db, const char *sql, const char *left, int after)
{
	sqlite3 *other = NULL;
	sqlite3_stmt *stmt = NULL;
	int rc;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) || sqlite3_open(path, &other))
		puts(sqlite3_errmsg(db));
	leave_compile(db, left, after);
	if (sqlite3_exec(other, "CREATE TABLE z(x); DROP TABLE z", NULL, NULL, NULL))
		puts(sqlite3_errmsg(other));
	sqlite3_close(other);
	rc = sqlite3_step(stmt);
	printf("%s after %s %d: %d %s\n", sql, left, after, rc, rc == SQLITE_DONE ? "" : sqlite3_errmsg(db));
	sqlite3_finalize(stmt);
}

int main(int argc, char **argv)
{
	static const char *const left[] = {"REPLACE INTO p VALUES(1)", "UPDATE p SET id=id+1", "DELETE FROM c", "DROP TABLE d",
					   "ALTER TABLE e ADD COLUMN y"};
	sqlite3 *db = NULL;

	questions = -1;
	if (argc != 2 || sqlite3_open(argv[1], &db))
		return 2;
	run(db, "CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(p REFERENCES p ON DELETE CASCADE ON UPDATE CASCADE);"
		"CREATE TABLE d(x); CREATE TABLE e(x); INSERT INTO p VALUES(1); INSERT INTO c VALUES(1)");
	sqlite3_set_authorizer(db, authorize, NULL);
	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++)
		for (int after = 0; after < 4; after++) {
			leave_compile(db, left[i], after);
			printf("%s %d: %d", left[i], after, changes(db, "SELECT p, rowid FROM c WHERE p IN (SELECT id FROM p)"));
			printf(" %d", changes(db, "UPDATE c SET p=p WHERE 0"));
			printf(" %d\n", changes(db, "SELECT * FROM c"));
		}
	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++)
		for (int after = 0; after < 4; after++) {
			run_kept(argv[1], db, "REPLACE INTO p VALUES(1)", left[i], after);
			run_kept(argv[1], db, "UPDATE p SET id=id", left[i], after);
			run_kept(argv[1], db, "INSERT INTO c VALUES(1)", left[i], after);
		}
	run(db, "SELECT * FROM p");
	run(db, "DELETE FROM c");
	run(db, "REPLACE INTO p VALUES(1)");
	run(db, "INSERT INTO c VALUES(1)");
	return 0;
}
