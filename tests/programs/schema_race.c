/* schema_race FILE ROUNDS - steps kept statements, while another process changes the schema all the time. Prints how many children
 * are left of those that were inserted, and how many orphans were refused and let in. Exits 1 if a statement failed that should
 * not. */
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void run(sqlite3 *db, const char *sql)
{
	char *message = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK) {
		fprintf(stderr, "%s: %s\n", sql, message);
		exit(2);
	}
}

static sqlite3 *open_file(const char *file)
{
	sqlite3 *db;

	if (sqlite3_open(file, &db) != SQLITE_OK)
		exit(2);
	sqlite3_busy_timeout(db, 30000);
	return db;
}

/* us. SQLite itself compiles a statement 50 times for one step, and then gives up: without a pause it fails, too. */
#define PAUSE 2000

/* Parents lose and get their children's tables, of all kinds, and their own constraints. */
static void change_schema(const char *file)
{
	sqlite3 *db = open_file(file);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (unsigned n = 0;; n++) {
		run(db, "BEGIN IMMEDIATE");
		run(db,
		    n % 2 ? "DROP TABLE IF EXISTS more" : "CREATE TABLE IF NOT EXISTS more(p REFERENCES p(id) ON DELETE CASCADE)");
		run(db, n % 3 ? "DROP TABLE IF EXISTS gone" : "CREATE TABLE IF NOT EXISTS gone(p REFERENCES nowhere(id))");
		run(db, n % 5 ? "DROP TRIGGER IF EXISTS t"
			      : "CREATE TRIGGER IF NOT EXISTS t AFTER INSERT ON log BEGIN DELETE FROM p WHERE id=-1; END");
		run(db, "COMMIT");
		usleep(PAUSE);
	}
}

static const char *const sql[] = {
	"REPLACE INTO p VALUES(1,'uno')",
	"INSERT INTO log VALUES(1)",
	"DELETE FROM p WHERE id=7",
	"INSERT INTO c VALUES(NULL,1)",
	"UPDATE p SET name=name||'' WHERE id=2",
	"INSERT INTO c VALUES(NULL,99)", /* the orphan */
};
#define COUNT (sizeof(sql) / sizeof(*sql))
#define ORPHAN (COUNT - 1)

static unsigned refused, passed;
static int status;

static void step(sqlite3 *db, sqlite3_stmt *stmt, size_t n)
{
	int rc = sqlite3_step(stmt), again = sqlite3_reset(stmt);

	if (n == ORPHAN && rc == SQLITE_CONSTRAINT && again == SQLITE_CONSTRAINT) {
		refused++;
	} else if (rc != SQLITE_DONE || again != SQLITE_OK) {
		fprintf(stderr, "%s: %d, %d %s\n", sql[n], rc, again, sqlite3_errmsg(db));
		status = 1;
	} else if (n == ORPHAN) {
		passed++;
	}
}

static int count_children(sqlite3 *db)
{
	sqlite3_stmt *stmt;
	int count;

	if (sqlite3_prepare_v2(db, "SELECT count(*) FROM c WHERE p=1", -1, &stmt, NULL) != SQLITE_OK ||
	    sqlite3_step(stmt) != SQLITE_ROW)
		exit(2);
	count = sqlite3_column_int(stmt, 0);
	sqlite3_finalize(stmt);
	return count;
}

int main(int argc, char **argv)
{
	sqlite3_stmt *stmt[COUNT];
	int rounds = argc == 3 ? atoi(argv[2]) : 0;
	sqlite3 *db;
	pid_t other;

	if (!rounds)
		return 64;
	db = open_file(argv[1]);
	run(db, "CREATE TABLE p(id INTEGER PRIMARY KEY,name UNIQUE); CREATE TABLE log(x); INSERT INTO p VALUES(1,'one'),(2,'two');"
		"CREATE TABLE c(id INTEGER PRIMARY KEY,p REFERENCES p(id) ON DELETE CASCADE)");
	sqlite3_close(db);
	other = fork();
	if (other == 0)
		change_schema(argv[1]);
	db = open_file(argv[1]);
	for (size_t i = 0; i < COUNT; i++)
		if (sqlite3_prepare_v2(db, sql[i], -1, &stmt[i], NULL) != SQLITE_OK)
			return 2;
	for (int n = 0; n < rounds; n++)
		for (size_t i = 0; i < COUNT; i++)
			step(db, stmt[i], i);
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	for (size_t i = 0; i < COUNT; i++)
		sqlite3_finalize(stmt[i]);
	printf("children %d of %d, orphans refused %u, let in %u\n", count_children(db), rounds, refused, passed);
	sqlite3_close(db);
	return status;
}
