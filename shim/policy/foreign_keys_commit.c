/* foreign_keys_commit.c - what SQLite refuses because of orphans that it has counted. */
#include "policy/foreign_keys_commit.h"

#include "base/log.h"
#include "connection/callbacks.h"
#include "connection/error_log.h"
#include "connection/pragma.h"
#include "policy/foreign_keys_bulk.h"
#include "policy/foreign_keys_step.h"
#include "policy/foreign_keys_watch.h"
#include "sql/token.h"

#include <string.h>

enum end { ENDS_NOTHING, ENDS_BY_COMMIT, ENDS_BY_RELEASE, ENDS_BY_ROLLBACK };

/* word is in lower case. */
static bool begins_with(const struct sql_text *text, const struct statement *statement, const char *word)
{
	for (size_t at = statement->start; *word; at++, word++)
		if (unit_fold(unit_get(text, at)) != (unsigned char)*word)
			return false;
	return true;
}

static enum end end_of(const struct sql_text *text, const struct statement *statement)
{
	if (statement->kind != STATEMENT_OTHER)
		return ENDS_NOTHING;
	if (begins_with(text, statement, "commit") || begins_with(text, statement, "end"))
		return ENDS_BY_COMMIT;
	if (begins_with(text, statement, "release"))
		return ENDS_BY_RELEASE;
	return begins_with(text, statement, "rollback") ? ENDS_BY_ROLLBACK : ENDS_NOTHING;
}

bool foreign_keys_ends_transaction(const struct sql_text *text, const struct statement *statement)
{
	return end_of(text, statement) != ENDS_NOTHING;
}

/* Rolls back what COMMIT refuses. The connection has its error afterwards: of a COMMIT of ours, as its end shows it last. */
static bool refuse_commit(struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;
	sqlite3_stmt *commit = NULL;
	bool done = false;

	callbacks_suspend(connection);
	if (sqlite->prepare_v2(connection->db, "COMMIT", -1, &commit, NULL) == SQLITE_OK &&
	    (sqlite->step(commit) & 0xff) == SQLITE_CONSTRAINT)
		done = sqlite->exec(connection->db, "ROLLBACK", NULL, NULL, NULL) == SQLITE_OK;
	callbacks_resume(connection);
	sqlite->finalize(commit);
	return done;
}

/* Some programs do not look at what COMMIT returns (.import of the sqlite3 shell): nobody would learn that no row was written. */
static void say_it_is_lost(const struct connection *connection)
{
	const char *path = *connection->path ? connection->path : "a database without a file";

	log_warn_once(
		WARNING_FOREIGN_KEYS_COMMIT, connection->path,
		"a COMMIT on %s was refused, and its transaction rolled back with all of its rows, as some have no parent; set "
		"SQLPROD_FOREIGN_KEYS=keep to let such rows in",
		path);
}

static bool roll_back(struct connection *connection)
{
	bool done = refuse_commit(connection);

	if (done)
		say_it_is_lost(connection);
	if (done && connection->hooks.rollback)
		connection->hooks.rollback(connection->hooks.rollback_argument);
	return done;
}

/* ROLLBACK TO a savepoint has another error. */
static bool found_no_transaction(const struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;

	return sqlite->errmsg && strcmp(sqlite->errmsg(connection->db), "cannot rollback - no transaction is active") == 0;
}

static int end_failed(struct connection *connection, sqlite3_stmt *stmt, enum end end, int rc)
{
	struct foreign_keys *keys = &connection->foreign_keys;
	const struct sqlite *sqlite = connection->sqlite;
	bool inside = !sqlite->get_autocommit(connection->db);
	int64_t orphans = inside ? flag_bits_orphans(connection->db, keys->bits) : 0;

	if (end == ENDS_BY_ROLLBACK && keys->rolled_back && found_no_transaction(connection)) {
		keys->rolled_back = false;
		sqlite->reset(stmt);
		sqlite_forget_error(sqlite, connection->db);
		return SQLITE_DONE;
	}
	if (end == ENDS_BY_ROLLBACK)
		return rc;
	if (orphans < 0 || (orphans > 0 && foreign_keys_bulk_may_commit(connection))) {
		flag_bits_forget_orphans(connection->db, keys->bits);
		return foreign_keys_step_anew(connection, stmt);
	}
	if (end == ENDS_BY_COMMIT && orphans > 0 && keys->defers && !keys->program_defers)
		keys->rolled_back = roll_back(connection);
	connection_update_interest(connection);
	return rc;
}

/* The error of the statement that was refused, which statements of ours have ended. It was not reset, and keeps its own. */
static int refuse_again(struct connection *connection, sqlite3_stmt *stmt, int rc)
{
	const struct foreign_keys *keys = &connection->foreign_keys;
	bool refused = false;

	error_log_suspend();
	if (pragma_run(connection, "BEGIN", NULL, 0) == SQLITE_OK) {
		flag_bits_make_orphan(connection->db, keys->bits);
		refused = refuse_commit(connection);
		if (!connection->sqlite->get_autocommit(connection->db))
			pragma_run(connection, "ROLLBACK", NULL, 0);
	}
	error_log_resume();
	flag_bit_set(connection->db, keys->bits->deferred, true);
	return refused ? rc : foreign_keys_step_anew(connection, stmt);
}

/* A statement outside of a transaction was refused. How many orphans it makes shows only inside of one. If there are some, it is
 * refused once more, so that it and the connection have the error; unless it copies rows that may have been orphans before. */
static int write_failed(struct connection *connection, sqlite3_stmt *stmt, bool copies)
{
	struct foreign_keys *keys = &connection->foreign_keys;
	const struct sqlite *sqlite = connection->sqlite;

	if (pragma_run(connection, "BEGIN", NULL, 0) == SQLITE_OK) {
		flag_bit_set(connection->db, keys->bits->deferred, true);
		if (foreign_keys_step_anew(connection, stmt) == SQLITE_DONE &&
		    (copies || flag_bits_orphans(connection->db, keys->bits) < 0)) {
			flag_bits_forget_orphans(connection->db, keys->bits);
			if (sqlite->exec(connection->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK)
				return SQLITE_DONE;
		}
		if (!sqlite->get_autocommit(connection->db))
			pragma_run(connection, "ROLLBACK", NULL, 0);
	}
	flag_bit_set(connection->db, keys->bits->deferred, true);
	return foreign_keys_step_anew(connection, stmt);
}

/* Was it refused outside of a transaction, so that it can be tried again inside of one? */
static bool can_try_again(const struct connection *connection, const struct statement *statement, sqlite3_stmt *stmt, int rc)
{
	const struct sqlite *sqlite = connection->sqlite;
	const struct foreign_keys *keys = &connection->foreign_keys;

	return (statement->kind == STATEMENT_WRITE || statement->kind == STATEMENT_REPLACE) && (rc & 0xff) == SQLITE_CONSTRAINT &&
	       keys->defers && sqlite->get_autocommit(connection->db) && sqlite->column_count(stmt) == 0 && sqlite->errmsg &&
	       strcmp(sqlite->errmsg(connection->db), "FOREIGN KEY constraint failed") == 0;
}

int foreign_keys_refused(struct connection *connection, sqlite3_stmt *stmt, int rc)
{
	const char *sql = connection->sqlite->sql && connection->sqlite->reset ? connection->sqlite->sql(stmt) : NULL;
	struct statement statement;
	struct sql_text text;
	int64_t made = connection->foreign_keys.made; /* 0 if that was not seen */
	bool asks, copies;

	connection->foreign_keys.made = 0;
	if (!sql || !connection->foreign_keys.ours)
		return rc;
	text = sql_text_utf8(sql, -1);
	statement_read(&text, 0, &statement);
	if (foreign_keys_ends_transaction(&text, &statement))
		return end_failed(connection, stmt, end_of(&text, &statement), rc);
	if (!can_try_again(connection, &statement, stmt, rc))
		return rc;
	asks = statement.verb == WRITE_INSERT && strcasestr(sql, "select");
	copies = asks && watch_copies_rows(connection, sql);
	if (copies || (made <= 0 && connection->foreign_keys.bits->refuses_negative))
		return write_failed(connection, stmt, copies);
	return asks ? refuse_again(connection, stmt, rc) : rc;
}
