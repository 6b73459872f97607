/* statement_policy.h - what the program's own statements and calls mean for its connection: what it decides, what is due, what is
 * rewritten.
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
	PASSAGE_PREPARE,           /* it is compiled, and will run out of our sight */
	PASSAGE_PREPARE_V1,        /* the same by sqlite3_prepare(), whose statements are not compiled again when they expire */
	PASSAGE_PREPARE_BY_SQLITE, /* the same, called by SQLite itself */
	PASSAGE_EXEC,              /* it runs at once, alone */
	PASSAGE_TABLE,             /* it runs after others that policy_before() has seen by then */
	PASSAGE_RAN_FIRST,         /* an embedded copy has run it, and it began outside of a transaction */
	PASSAGE_RAN_INSIDE,        /* … inside one */
};

enum action {
	ACTION_PASS,
	ACTION_REWRITE,
	ACTION_UPGRADE_AFTER, /* a SAVEPOINT that is to have the write lock once it has run: upgrade.h */
};

/* A statement of the program's on its way. */
struct statement_plan {
	enum passage passage;
	enum action action;
	struct statement statement;
	struct rewrite rewrite; /* for ACTION_REWRITE */
	bool rewritten;         /* for the caller to set: the rewritten text was used */

	/* An input/output error, or want of memory, that a statement of ours met has made SQLite roll back the transaction that the
	 * program is in: its own statement must not run, and fail by this code. SQLITE_OK if it may run. */
	int error;

	/* After policy_after() of PASSAGE_RAN_…: SQLite rolled back the program's transaction meanwhile, and this statement begins
	 * it again; "" if none does. NULL if all is well. */
	const char *lost;

	bool is_vacuum;                                       /* it may be one of VACUUM's own: nothing is ours to do */
	bool inside;                                          /* there was a transaction when policy_before() began */
	enum { PRAGMA_NONE, PRAGMA_OURS, PRAGMA_OTHER } sets; /* a PRAGMA that sets one of our settings, or another */
	struct program_pragma pragma;
};

/* Before SQLite gets the statement that begins at or after `from`: puts on what is due, and plans what is to become of it. The text
 * must stay until policy_after(). */
void policy_before(struct connection *connection, enum passage passage, const struct sql_text *text, size_t from,
		   struct statement_plan *plan);

/* After SQLite answered rc, or plan->error was returned in its place: now what the statement decides counts. sql is the text that
 * ran, for PASSAGE_EXEC and PASSAGE_RAN_…. Returns the code for the program. */
int policy_after(struct connection *connection, const struct sql_text *text, struct statement_plan *plan, const char *sql, int rc);

/* After statements of PASSAGE_TABLE have run. */
void policy_after_table(struct connection *connection);

/* For a connection that is just being opened and whose statements are seen only when they run: puts on what otherwise comes at
 * first use, unless the database is empty and still to be set up. */
void policy_opened(struct connection *connection);

/* The program's sqlite3_set_authorizer(): ours may have to stay in front. */
int policy_set_authorizer(struct connection *connection,
			  int (*authorizer)(void *, int, const char *, const char *, const char *, const char *), void *argument);

/* The program gave a key (SQLCipher): what failed for want of it is due again. */
void policy_keyed(struct connection *connection);

#endif
