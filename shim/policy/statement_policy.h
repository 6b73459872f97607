/* statement_policy.h - what the program's statements and calls decide about its connection, which settings are due, and which
 * statements are rewritten.
 *
 * Every statement of the program's passes through policy_before() and policy_after(), whichever way it comes. What it decides
 * counts only once SQLite has accepted it. Every function wants the connection's mutex held. */
#ifndef SQLPROD_POLICY_STATEMENT_POLICY_H
#define SQLPROD_POLICY_STATEMENT_POLICY_H

#include "connection/connection.h"
#include "policy/program_settings.h"
#include "sql/rewrite.h"
#include "sqlite/callbacks.h"

/* How a statement comes. */
enum passage {
	PASSAGE_PREPARE,           /* it is compiled; its run will not be seen */
	PASSAGE_PREPARE_V1,        /* the same by sqlite3_prepare(), whose statements are not compiled again when they expire */
	PASSAGE_PREPARE_BY_SQLITE, /* the same, called by SQLite itself */
	PASSAGE_EXEC,              /* it runs at once, alone */
	PASSAGE_TABLE,             /* it runs after others that policy_before() has read already */
	PASSAGE_RAN_FIRST,         /* an embedded copy has run it, and it began outside of a transaction */
	PASSAGE_RAN_INSIDE,        /* … inside one */
};

enum action {
	ACTION_PASS,
	ACTION_REWRITE,
	ACTION_UPGRADE_AFTER, /* take the write lock for this SAVEPOINT once it has run: upgrade.h */
};

/* What is to be done with one statement of the program. */
struct statement_plan {
	enum passage passage;
	enum action action;
	struct statement statement;
	struct rewrite rewrite; /* for ACTION_REWRITE, of a statement whose end is known */
	bool rewritten;         /* for the caller to set: the rewritten text was used */

	/* A statement of ours got an input/output error, or no memory, and SQLite rolled the program's transaction back: the
	 * program's statement must not run, but fail with this code. SQLITE_OK if it may run. */
	int error;

	/* After policy_after() of PASSAGE_RAN_…: SQLite rolled the program's transaction back, and this statement begins it again,
	 * "" if none does. NULL if the transaction is intact. */
	const char *lost;

	bool is_vacuum;                                       /* it may be one of VACUUM's own: leave it alone */
	bool is_first;                                        /* of its text */
	bool inside;                                          /* there was a transaction when policy_before() began */
	enum { PRAGMA_NONE, PRAGMA_OURS, PRAGMA_OTHER } sets; /* a PRAGMA that sets one of our settings, or another */
	struct program_pragma pragma;
};

/* Was the statement seen only once it had run? */
static inline bool policy_has_run(const struct statement_plan *plan)
{
	return plan->passage == PASSAGE_RAN_FIRST || plan->passage == PASSAGE_RAN_INSIDE;
}

/* Before SQLite gets the statement that begins at or after `from`: applies settings that are due, and fills in the plan. The text
 * must stay until policy_after(). */
void policy_before(struct connection *connection, enum passage passage, const struct sql_text *text, size_t from,
		   struct statement_plan *plan);

/* The same, and policy_after(), for a text in UTF-8 which sqlite3_prepare_v2() or sqlite3_exec() gets from the program itself, if
 * it is a plain BEGIN that stays as it is like the last one. False if it has to be read. */
bool policy_begins_again(struct connection *connection, const char *sql, int bytes);

/* Is it a plain COMMIT, by which nothing is to be decided but what foreign_keys_step() does? policy_committed() follows it. */
bool policy_commits(struct connection *connection, const char *sql);
void policy_committed(struct connection *connection);

/* After SQLite returned rc, or plan->error was returned in its place: now what the statement decides takes effect. sql is the text
 * that ran, for PASSAGE_EXEC and PASSAGE_RAN_…. Returns the code for the program. */
int policy_after(struct connection *connection, const struct sql_text *text, struct statement_plan *plan, const char *sql, int rc);

/* After statements of PASSAGE_TABLE have run. */
void policy_after_table(struct connection *connection);

/* The program called sqlite3_set_authorizer(): ours may have to stay installed and call the program's. */
int policy_set_authorizer(struct connection *connection,
			  int (*authorizer)(void *, int, const char *, const char *, const char *, const char *), void *argument);

#endif
