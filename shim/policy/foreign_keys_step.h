/* foreign_keys_step.h - foreign_keys=ON by recipe, and the kept statements that SQLite compiles again inside sqlite3_step().
 *
 * Such a compile is attempted (foreign_keys_attempt.h). If that fails because of us the statement has not begun: it is judged like
 * one that the program prepares, reset, and stepped again. And steps that foreign keys refuse are seen: foreign_keys_commit.h. */
#ifndef SQLPROD_POLICY_FOREIGN_KEYS_STEP_H
#define SQLPROD_POLICY_FOREIGN_KEYS_STEP_H

#include "policy/foreign_keys_attempt.h"
#include "policy/foreign_keys_returning.h"

/* The step has failed; attempt: what was seen of a compile in it. Returns what the program gets. */
int foreign_keys_step_failed(int (*step)(sqlite3_stmt *stmt), sqlite3_stmt *stmt, struct foreign_keys_attempt attempt, int rc);

/* The same inside of another step, whose statement may be being compiled: SQLite reads the schema by statements of its own. */
int foreign_keys_step_inside(int (*step)(sqlite3_stmt *stmt), sqlite3_stmt *stmt);

/* A step outside of any other has returned rc, which is no row, or something was seen of a compile. Returns what the program gets.
 */
int foreign_keys_step_ended(int (*step)(sqlite3_stmt *stmt), sqlite3_stmt *stmt, int rc);

static inline int foreign_keys_step_unseen(int (*step)(sqlite3_stmt *stmt), sqlite3_stmt *stmt)
{
	int rc;

	if (__builtin_expect(foreign_keys_stepping.stmt != NULL, 0))
		return foreign_keys_step_inside(step, stmt);
	foreign_keys_stepping.stmt = stmt;
	rc = step(stmt);
	foreign_keys_stepping.stmt = NULL;
	if (__builtin_expect(rc == SQLITE_ROW && !foreign_keys_stepping.attempt.connection, 1))
		return rc;
	return foreign_keys_step_ended(step, stmt, rc);
}

/* sqlite3_step() by the copy's own function. Called for each row. */
static inline int foreign_keys_step(int (*step)(sqlite3_stmt *stmt), sqlite3_stmt *stmt)
{
	int rc = foreign_keys_step_unseen(step, stmt);

	return rc == SQLITE_ROW && foreign_keys_returning() ? foreign_keys_returning_row(step, stmt) : rc;
}

/* From now on the ends of the connection's transactions are to be seen. */
void foreign_keys_step_arm(const struct connection *connection);

/* Resets a statement that did nothing, and steps it again. What foreign keys refuse then stays refused. */
int foreign_keys_step_anew(struct connection *connection, sqlite3_stmt *stmt);

/* For the authorizer, asked about a compile that no hook has begun. Is it that of the statement which this thread steps? */
bool foreign_keys_step_compiles(struct connection *connection);

#endif
