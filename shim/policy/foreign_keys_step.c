/* foreign_keys_step.c - kept statements that SQLite compiles again inside sqlite3_step(). */
#include "policy/foreign_keys_step.h"

#include "base/guard.h"
#include "connection/error_log.h"
#include "connection/registry.h"
#include "policy/foreign_keys.h"
#include "policy/foreign_keys_bulk.h"
#include "policy/foreign_keys_commit.h"
#include "sql/first_words.h"

_Thread_local struct foreign_keys_step foreign_keys_stepping;

static bool is_that(const struct sqlite *sqlite, sqlite3_stmt *stmt, const void *argument)
{
	(void)sqlite;
	return stmt == argument;
}

/* Is the statement that this thread steps one of the connection? A pointer that a longjmp() has left behind is not followed. */
static bool is_stepped(const struct connection *connection, sqlite3_stmt *stmt)
{
	const struct sqlite *sqlite = connection->sqlite;

	return sqlite->stmt_busy && sqlite->sql && sqlite->reset && sqlite_find_statement(sqlite, connection->db, is_that, stmt);
}

static void begin(struct foreign_keys_step *step, struct connection *connection)
{
	const char *sql = connection->sqlite->sql(step->stmt);

	step->attempt = (struct foreign_keys_attempt){
		.connection = connection,
		.may_be_update_or = sql && statement_may_be_update_or(sql, -1),
	};
	foreign_keys_returning_note(connection, step->stmt);
}

bool foreign_keys_step_compiles(struct connection *connection)
{
	struct foreign_keys_step *step = &foreign_keys_stepping;

	if (!step->stmt || !connection->foreign_keys.attempt)
		return false;
	if (!step->attempt.connection && is_stepped(connection, step->stmt))
		begin(step, connection);
	/* one that runs is not being compiled: something that it calls is */
	return step->attempt.connection == connection && !connection->sqlite->stmt_busy(step->stmt);
}

/* The statement's text, compiled afresh. */
struct fresh {
	struct connection *connection;
	const char *sql;
	sqlite3_stmt *stmt;
};

static int prepare(void *argument)
{
	struct fresh *fresh = argument;

	return fresh->connection->sqlite->prepare_v2(fresh->connection->db, fresh->sql, -1, &fresh->stmt, NULL);
}

/* Is a statement that now has this text compiled with foreign keys? Up to 3.14 SQLite has no text of one of sqlite3_prepare(),
 * which it does not compile again. */
static bool judge(struct connection *connection, sqlite3_stmt *stmt, bool is_harmful)
{
	struct fresh fresh = {connection, connection->sqlite->sql(stmt), NULL};
	struct statement statement;
	struct sql_text text;
	bool enforced = true;
	int rc;

	if (!fresh.sql)
		return true;
	text = sql_text_utf8(fresh.sql, -1);
	statement_read(&text, 0, &statement);
	connection->foreign_keys.prepares_once = false;
	error_log_suspend();
	rc = foreign_keys_compile(connection, &text, &statement, is_harmful, prepare, &fresh, &fresh.stmt, &enforced);
	error_log_resume();
	connection->sqlite->finalize(fresh.stmt);
	return rc == SQLITE_OK && enforced;
}

/* Judges the statement, which has not run, and steps it again. */
static int step_again(int (*step)(sqlite3_stmt *stmt), sqlite3_stmt *stmt, struct connection *connection, bool is_harmful)
{
	struct foreign_keys *keys = &connection->foreign_keys;
	struct foreign_keys_step outer = foreign_keys_stepping;
	bool enforced;
	int rc;

	foreign_keys_enter(connection);
	enforced = judge(connection, stmt, is_harmful);
	connection->sqlite->reset(stmt);
	foreign_keys_set_deferred(connection, true);
	if (!enforced) {
		foreign_keys_switch(connection, false);
		keys->left = FOREIGN_KEYS_OFF_UNTIL_CALL;
	}
	foreign_keys_stepping = (struct foreign_keys_step){stmt, {.connection = connection, .state = ATTEMPT_DECIDED}};
	rc = step(stmt);
	foreign_keys_stepping = outer;
	if (keys->ours && keys->left == FOREIGN_KEYS_OFF_UNTIL_CALL) {
		foreign_keys_switch(connection, true);
		keys->left = FOREIGN_KEYS_LEFT_ON;
	}
	return rc;
}

/* With the connection's mutex held. */
static int compile_failed(int (*step)(sqlite3_stmt *stmt), sqlite3_stmt *stmt, const struct foreign_keys_attempt *attempt, int rc)
{
	struct connection *connection = attempt->connection;

	if (foreign_keys_attempt_failed(attempt, connection, rc) && connection->foreign_keys.ours)
		return step_again(step, stmt, connection, attempt->is_harmful);
	return rc;
}

int foreign_keys_step_anew(struct connection *connection, sqlite3_stmt *stmt)
{
	struct foreign_keys_step outer = foreign_keys_stepping;
	struct foreign_keys_attempt attempt;
	int rc;

	connection->sqlite->reset(stmt);
	foreign_keys_stepping = (struct foreign_keys_step){.stmt = stmt};
	rc = connection->sqlite->step(stmt);
	attempt = foreign_keys_stepping.attempt;
	foreign_keys_stepping = outer;
	if (rc == SQLITE_ROW || rc == SQLITE_DONE || !attempt.connection)
		return rc;
	return compile_failed(connection->sqlite->step, stmt, &attempt, rc);
}

/* Inside of a step in which a statement is being compiled. */
static __attribute__((noinline)) int step_inside_compile(int (*step)(sqlite3_stmt *stmt), sqlite3_stmt *stmt)
{
	struct foreign_keys_step outer = foreign_keys_stepping;
	struct foreign_keys_attempt attempt;
	int rc;

	foreign_keys_stepping = (struct foreign_keys_step){.stmt = stmt};
	rc = step(stmt);
	attempt = foreign_keys_stepping.attempt;
	foreign_keys_stepping = outer;
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? rc : foreign_keys_step_failed(step, stmt, attempt, rc);
}

int foreign_keys_step_inside(int (*step)(sqlite3_stmt *stmt), sqlite3_stmt *stmt)
{
	sqlite3_stmt *outer = foreign_keys_stepping.stmt;
	struct foreign_keys_attempt attempt;
	int rc;

	if (foreign_keys_stepping.attempt.connection)
		return step_inside_compile(step, stmt);
	foreign_keys_stepping.stmt = stmt;
	rc = step(stmt);
	foreign_keys_stepping.stmt = outer;
	if ((rc == SQLITE_ROW || rc == SQLITE_DONE) && !foreign_keys_stepping.attempt.connection)
		return rc;
	attempt = foreign_keys_stepping.attempt;
	foreign_keys_stepping.attempt.connection = NULL;
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? rc : foreign_keys_step_failed(step, stmt, attempt, rc);
}

/* Where the connections of the copy that hooks have found alone keep what PRAGMA defer_foreign_keys sets: its mask, and above that
 * the offset. 0: not known. */
static _Atomic unsigned deferred_bit;

void foreign_keys_step_arm(const struct connection *connection)
{
	const struct flag_bit *bit = &connection->foreign_keys.bits->deferred;

	if (sqlite_is_alone(connection->sqlite))
		atomic_store_explicit(&deferred_bit, (unsigned)bit->offset << 8 | bit->mask, memory_order_relaxed);
}

static bool may_be_cleared(const sqlite3 *db)
{
	unsigned bit = atomic_load_explicit(&deferred_bit, memory_order_relaxed);

	return bit && !(((const unsigned char *)db)[bit >> 8] & bit & 0xff);
}

/* The statement may have ended a transaction, or begun one: only inside of one the flag matters. */
static void defer_again(const sqlite3 *db)
{
	struct connection *connection = registry_find(db);
	const struct foreign_keys *keys = connection ? &connection->foreign_keys : NULL;

	if (!keys || !keys->ours || !keys->defers)
		return;
	if (!keys->moves && !keys->scanned && connection->sqlite->get_autocommit(connection->db))
		return;
	guard_enter(NULL);
	connection_lock(connection);
	foreign_keys_defer(connection);
	connection_unlock(connection);
	guard_leave();
}

/* One that ran to its end. */
static void step_done(int (*step)(sqlite3_stmt *stmt), sqlite3_stmt *stmt)
{
	bool alone = step == atomic_load_explicit(&sqlite_only_step, memory_order_relaxed);
	const sqlite3 *db = sqlite_handle_of(stmt);

	if (!db)
		return;
	if (alone && foreign_keys_bulk_waits(db))
		foreign_keys_bulk_stepped(stmt);
	if (!alone || may_be_cleared(db))
		defer_again(db);
}

int foreign_keys_step_ended(int (*step)(sqlite3_stmt *stmt), sqlite3_stmt *stmt, int rc)
{
	struct foreign_keys_attempt attempt;

	if (rc == SQLITE_ROW || rc == SQLITE_DONE) {
		foreign_keys_stepping.attempt.connection = NULL;
		if (rc == SQLITE_DONE)
			step_done(step, stmt);
		return rc;
	}
	attempt = foreign_keys_stepping.attempt;
	foreign_keys_stepping.attempt.connection = NULL;
	return foreign_keys_step_failed(step, stmt, attempt, rc);
}

int foreign_keys_step_failed(int (*step)(sqlite3_stmt *stmt), sqlite3_stmt *stmt, struct foreign_keys_attempt attempt, int rc)
{
	struct connection *connection = attempt.connection;

	if (!connection && ((rc & 0xff) == SQLITE_CONSTRAINT || (rc & 0xff) == SQLITE_ERROR))
		connection = registry_find(sqlite_handle_of(stmt));
	if (!connection || !connection->foreign_keys.guarded)
		return rc;
	guard_enter(NULL);
	connection_lock(connection);
	if (attempt.connection)
		rc = compile_failed(step, stmt, &attempt, rc);
	if ((rc & 0xff) == SQLITE_CONSTRAINT || (rc & 0xff) == SQLITE_ERROR)
		rc = foreign_keys_refused(connection, stmt, rc);
	connection_unlock(connection);
	guard_leave();
	return rc;
}
