/* statement_policy.h - what the program's own statements and calls mean for its connection: what it decides, what is due, what is
 * rewritten.
 *
 * Every function wants the connection's mutex held. */
#ifndef SQLPROD_POLICY_STATEMENT_POLICY_H
#define SQLPROD_POLICY_STATEMENT_POLICY_H

#include "connection/connection.h"
#include "sql/rewrite.h"
#include "sqlite/callbacks.h"

enum action {
	ACTION_PASS,
	ACTION_REWRITE,
	ACTION_UPGRADE_AFTER, /* a SAVEPOINT that is to have the write lock once it has run (upgrade.h); not behind the second door
			       */
};

/* Before each statement that the program prepares or executes: recognizes what the program decides, puts on what is due. Returns
 * what is to become of the statement; *out is filled if that is ACTION_REWRITE. */
enum action policy_statement(struct connection *connection, const struct sql_text *text, const struct statement *statement,
			     struct rewrite *out);

/* After that: an input/output error, or want of memory, that a statement of ours met has made SQLite roll back the transaction that
 * the program is in. Its own statement must not run, and fail by the code returned. SQLITE_OK if it may run. */
int policy_take_error(struct connection *connection);

/* After SQLite accepted a rewritten statement. */
void policy_rewritten(struct connection *connection, const struct statement *statement);

/* For a connection that is just being opened and whose statements are seen only when they run: puts on what otherwise comes at
 * first use, unless the database is empty and still to be set up. */
void policy_opened(struct connection *connection);

/* The program's sqlite3_set_authorizer(): ours may have to stay in front. */
int policy_set_authorizer(struct connection *connection,
			  int (*authorizer)(void *, int, const char *, const char *, const char *, const char *), void *argument);

/* The program filled the trace slot (sqlite3_trace_v2, sqlite3_trace: the later one holds), or the profile slot. */
void policy_trace(struct connection *connection, const struct trace_callback *trace);
void policy_profile(struct connection *connection, void (*profile)(void *, const char *, sqlite3_uint64), void *argument);

/* The program gave a key (SQLCipher): what failed for want of it is due again. */
void policy_keyed(struct connection *connection);

#endif
