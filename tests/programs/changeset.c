/* changeset.c - records changes of one database by the session extension, and applies them to another.
 *
 *	changeset SQL OTHER    SQL is recorded in one.db; OTHER is run in two.db before the changes are applied there, where a
 *	                       conflict is answered by replacing the row. Prints what two.db holds then.
 *
 * Exits 77 without the extension. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct sqlite3_session sqlite3_session;
typedef struct sqlite3_changeset_iter sqlite3_changeset_iter;
int sqlite3session_create(sqlite3 *db, const char *schema, sqlite3_session **session) __attribute__((weak));
int sqlite3session_attach(sqlite3_session *session, const char *table) __attribute__((weak));
int sqlite3session_changeset(sqlite3_session *session, int *bytes, void **changeset) __attribute__((weak));
void sqlite3session_delete(sqlite3_session *session) __attribute__((weak));
int sqlite3changeset_apply(sqlite3 *db, int bytes, void *changeset, int (*filter)(void *, const char *),
			   int (*conflict)(void *, int, sqlite3_changeset_iter *), void *context) __attribute__((weak));

static const char *const schema = "CREATE TABLE p(id INTEGER PRIMARY KEY, v UNIQUE);"
				  "CREATE TABLE c(id INTEGER PRIMARY KEY, p REFERENCES p ON DELETE CASCADE);"
				  "INSERT INTO p VALUES(1,1),(2,2); INSERT INTO c VALUES(1,1),(2,2)";

static int show(void *argument, int count, char **values, char **names)
{
	(void)argument;
	(void)count;
	(void)names;
	puts(values[0]);
	return 0;
}

static sqlite3 *make(const char *file)
{
	sqlite3 *db;

	if (sqlite3_open(file, &db) != SQLITE_OK || sqlite3_exec(db, schema, NULL, NULL, NULL) != SQLITE_OK)
		exit(2);
	return db;
}

/* SQLITE_CHANGESET_DATA is 1, _CONFLICT 3; REPLACE is 1, OMIT 0 */
static int replace(void *context, int kind, sqlite3_changeset_iter *change)
{
	(void)context;
	(void)change;
	return kind == 1 || kind == 3;
}

int main(int count, char **arguments)
{
	sqlite3 *one, *two;
	sqlite3_session *session;
	void *changeset;
	int bytes;

	if (count != 3 || !sqlite3session_create || !sqlite3session_changeset)
		return 77;
	one = make("one.db");
	two = make("two.db");
	sqlite3_exec(two, arguments[2], NULL, NULL, NULL);
	sqlite3session_create(one, "main", &session);
	sqlite3session_attach(session, NULL);
	sqlite3_exec(one, arguments[1], NULL, NULL, NULL);
	sqlite3session_changeset(session, &bytes, &changeset);
	sqlite3session_delete(session);
	printf("apply %d\n", sqlite3changeset_apply(two, bytes, changeset, NULL, replace, NULL));
	sqlite3_free(changeset);
	sqlite3_exec(two, "SELECT 'p '||group_concat(id||':'||v) FROM p; SELECT 'c '||group_concat(id||':'||p) FROM c", show, NULL,
		     NULL);
	printf("insert %d\n", sqlite3_exec(two, "INSERT INTO c VALUES(50,99)", NULL, NULL, NULL));
	sqlite3_close(one);
	sqlite3_close(two);
	return 0;
}
