/* foreign_keys_execute.c - sqlite3_exec() of one statement, compiled as foreign_keys_compile() does. */
#include "policy/foreign_keys.h"

#include "connection/pragma.h"
#include "policy/foreign_keys_commit.h"
#include "policy/foreign_keys_step.h"
#include "policy/foreign_keys_watch.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The program's call. */
struct execution {
	struct connection *connection;
	const char *sql;
	sqlite3_stmt *stmt;
	int (*callback)(void *, int, char **, char **);
	void *argument;
};

static int prepare(void *argument)
{
	struct execution *execution = argument;
	struct connection *connection = execution->connection;

	return connection->sqlite->prepare_v2(connection->db, execution->sql, -1, &execution->stmt, NULL);
}

/* Shows the program one row, or the columns of none. Its answer is not 0 if it wants no more. */
static int show(const struct execution *execution, bool is_row)
{
	const struct sqlite *sqlite = execution->connection->sqlite;
	int count = sqlite->column_count(execution->stmt), answer;
	char **cells = calloc(2 * (size_t)count + 1, sizeof(*cells));

	if (!cells)
		return SQLITE_NOMEM;
	for (int i = 0; i < count; i++) {
		if (is_row)
			cells[i] = (char *)(uintptr_t)sqlite->column_text(execution->stmt, i);
		cells[count + 1 + i] = (char *)(uintptr_t)sqlite->column_name(execution->stmt, i);
	}
	answer = execution->callback(execution->argument, count, is_row ? cells : NULL, cells + count + 1);
	free(cells);
	return answer;
}

static int run(const struct execution *execution, bool *aborted)
{
	const struct sqlite *sqlite = execution->connection->sqlite;

	bool shown = !execution->callback;
	int rc = SQLITE_ROW;

	*aborted = false;
	while (!*aborted && (rc = foreign_keys_step(sqlite->step, execution->stmt)) == SQLITE_ROW) {
		*aborted = execution->callback && show(execution, true) != 0;
		shown = true;
	}
	if (rc == SQLITE_DONE && !shown && pragma_shows_empty_results(execution->connection))
		*aborted = show(execution, false) != 0;
	if (!*aborted)
		return sqlite->finalize(execution->stmt);
	sqlite->finalize(execution->stmt);
	return SQLITE_ABORT;
}

/* As sqlite3_exec() gives it: to be freed by sqlite3_free(). */
static void give_message(struct connection *connection, int rc, const char *text, char **message)
{
	const struct sqlite *sqlite = connection->sqlite;
	size_t size = strlen(text) + 1;

	if (!message)
		return;
	*message = rc != SQLITE_OK && sqlite->malloc ? sqlite->malloc((int)size) : NULL;
	if (*message)
		memcpy(*message, text, size);
}

static int execute_watched(struct execution *execution, const struct sql_text *text, const struct statement *statement,
			   char **message)
{
	struct connection *connection = execution->connection;
	struct foreign_keys *keys = &connection->foreign_keys;
	bool miscounted = keys->miscounts, aborted = false, enforced;
	int rc = foreign_keys_compile(connection, text, statement, false, prepare, execution, &execution->stmt, &enforced);

	if (rc == SQLITE_OK && execution->stmt)
		rc = run(execution, &aborted);
	/* it is not kept */
	if (!enforced && keys->miscounts)
		flag_bits_forget_orphans(connection->db, keys->bits);
	keys->miscounts = miscounted;
	give_message(connection, rc, aborted ? "query aborted" : connection->sqlite->errmsg(connection->db), message);
	return rc;
}

/* ALTER TABLE runs without foreign keys, too; and statements that could not be looked at. */
static int execute_without(struct execution *execution, char **message)
{
	struct foreign_key_watch nothing = {.mode = WATCH_NOTHING};
	struct connection *connection = execution->connection;
	int rc;

	foreign_keys_switch(connection, false);
	watch_begin(connection, &nothing);
	rc = connection->sqlite->exec(connection->db, execution->sql, execution->callback, execution->argument, message);
	watch_end(connection, &nothing);
	if (connection->foreign_keys.ours)
		foreign_keys_switch(connection, true);
	return rc;
}

int foreign_keys_execute_rowless(struct connection *connection, const char *sql, char **message)
{
	const struct sqlite *sqlite = connection->sqlite;
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite->prepare_v2(connection->db, sql, -1, &stmt, NULL);

	if (rc == SQLITE_OK) {
		if (connection->foreign_keys.guarded)
			foreign_keys_step(sqlite->step, stmt);
		else
			sqlite->step(stmt);
		rc = sqlite->finalize(stmt);
	}
	if (message)
		give_message(connection, rc, rc == SQLITE_OK ? "" : sqlite->errmsg(connection->db), message);
	return rc;
}

/* COMMIT, END or ROLLBACK, where the program may want to be shown that it has no row. */
static int execute_end(struct execution *execution, char **message)
{
	struct connection *connection = execution->connection;
	bool aborted = false;
	int rc = prepare(execution);

	if (rc == SQLITE_OK)
		rc = run(execution, &aborted);
	give_message(connection, rc, aborted ? "query aborted" : connection->sqlite->errmsg(connection->db), message);
	return rc;
}

int foreign_keys_execute(struct connection *connection, const struct sql_text *text, const struct statement *statement,
			 const char *sql, int (*callback)(void *, int, char **, char **), void *argument, char **message)
{
	struct execution execution = {connection, sql, NULL, callback, argument};
	bool ours = connection->foreign_keys.ours && connection->foreign_keys.guarded;

	if (ours &&
	    (statement->kind == STATEMENT_WRITE || statement->kind == STATEMENT_REPLACE || statement->kind == STATEMENT_DROP_TABLE))
		return execute_watched(&execution, text, statement, message);
	if (ours && statement->kind == STATEMENT_ALTER)
		return execute_without(&execution, message);
	if (ours && foreign_keys_ends_transaction(text, statement))
		return callback && connection->empty_results ? execute_end(&execution, message)
							     : foreign_keys_execute_rowless(connection, sql, message);
	return connection->sqlite->exec(connection->db, sql, callback, argument, message);
}

int foreign_keys_execute_unseen(struct connection *connection, const char *sql, int (*callback)(void *, int, char **, char **),
				void *argument, char **message)
{
	struct execution execution = {connection, sql, NULL, callback, argument};

	if (foreign_keys_arm(connection))
		return execute_without(&execution, message);
	return connection->sqlite->exec(connection->db, sql, callback, argument, message);
}
