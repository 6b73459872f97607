/* trace.c - the place of sqlite3_trace(), sqlite3_trace_v2() and sqlite3_profile(). */
#include "connection/trace.h"

#include "connection/connection.h"

#include <stdlib.h>
#include <string.h>

/* A statement inside of another: sqlite3_trace() makes a comment of each line. */
static void trace_nested(const struct trace_callback *trace, const char *sql)
{
	size_t lines = 1, length = 0;
	char *text;

	for (const char *at = sql; *at; at++)
		lines += *at == '\n';
	text = malloc(strlen(sql) + 3 * lines + 1);
	for (const char *at = sql; text && *at;) {
		size_t line = strcspn(at, "\n");
		line += at[line] == '\n';
		memcpy(text + length, "-- ", 3);
		memcpy(text + length + 3, at, line);
		length += 3 + line;
		at += line;
	}
	if (text)
		text[length] = '\0';
	trace->trace(trace->argument, text);
	free(text);
}

/* Calls the callback of sqlite3_trace(), whose place sqlite3_trace_v2() has taken, as SQLite would. Source: OP_Init in src/vdbe.c,
 * sqlite3VdbeExpandSql() in src/vdbetrace.c. */
static void trace_statement(const struct connection *connection, sqlite3_stmt *stmt, const char *text)
{
	const struct sqlite *sqlite = connection->sqlite;
	const struct trace_callback *trace = &connection->trace;
	const char *sql = sqlite->sql(stmt);
	char *expanded;

	if (text == sql) {
		expanded = sqlite->expanded_sql(stmt);
		trace->trace(trace->argument, expanded);
		sqlite->free(expanded);
	} else if (sql && strncmp(text, "-- ", 3) == 0 && strcmp(text + 3, sql) == 0) {
		trace_nested(trace, sql);
	} else {
		trace->trace(trace->argument, text); /* a trigger */
	}
}

static __attribute__((noinline)) int pass_on(struct connection *connection, unsigned event, void *subject, void *detail)
{
	const struct trace_callback *trace = &connection->trace;

	if (connection->callbacks_suspended)
		return 0;
	if (event == SQLITE_TRACE_STMT && connection->statement_starts)
		connection->statement_starts(connection, subject, detail);
	if (event == SQLITE_TRACE_STMT && trace->trace)
		trace_statement(connection, subject, detail);
	return trace->trace_v2 && (trace->mask & event) ? trace->trace_v2(event, trace->argument, subject, detail) : 0;
}

static int on_trace_v2(unsigned event, void *argument, void *subject, void *detail)
{
	struct connection *connection = argument;
	const struct trace_callback *trace = &connection->trace;

	if (event != SQLITE_TRACE_STMT || connection->callbacks_suspended || trace->trace || trace->trace_v2 ||
	    !connection->statement_starts)
		return pass_on(connection, event, subject, detail);
	connection->statement_starts(connection, subject, detail);
	return 0;
}

static void on_trace(void *argument, const char *sql)
{
	const struct connection *connection = argument;

	if (!connection->callbacks_suspended && connection->trace.trace)
		connection->trace.trace(connection->trace.argument, sql);
}

static void on_profile(void *argument, const char *sql, sqlite3_uint64 nanoseconds)
{
	const struct connection *connection = argument;

	if (!connection->callbacks_suspended && connection->trace.profile)
		connection->trace.profile(connection->trace.profile_argument, sql, nanoseconds);
}

/* sqlite3_trace() and sqlite3_profile() share their place with sqlite3_trace_v2(), which ends them. */
static void set_again(struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;
	const struct trace_callback *trace = &connection->trace;

	if (trace->trace && !connection->statement_starts)
		sqlite->trace(connection->db, on_trace, connection);
	if (trace->profile && trace->profile_is_last)
		sqlite->profile(connection->db, on_profile, connection);
}

/* Can the program's callback be called out of ours? Not if it does not show whether it was ended by another of the program's. */
static bool can_share(const struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;
	const struct trace_callback *trace = &connection->trace;

	if (!sqlite->trace_v2 || connection->offsets || (trace->profile && !trace->profile_is_last) ||
	    (trace->trace && trace->profile_is_last))
		return false;
	return !trace->trace || (sqlite->expanded_sql && sqlite->free && sqlite->sql);
}

bool trace_watch(struct connection *connection, void (*starts)(struct connection *, sqlite3_stmt *, const char *))
{
	const struct sqlite *sqlite = connection->sqlite;
	const struct trace_callback *trace = &connection->trace;
	unsigned mask = (trace->trace_v2 ? trace->mask : 0) | (starts ? SQLITE_TRACE_STMT : 0);
	int rc;

	if (connection->statement_starts == starts)
		return true;
	if (starts && !can_share(connection))
		return false;
	rc = mask ? sqlite->trace_v2(connection->db, mask, on_trace_v2, connection)
		  : sqlite->trace_v2(connection->db, 0, NULL, trace->argument);
	if (rc == SQLITE_OK)
		connection->statement_starts = starts;
	set_again(connection);
	return rc == SQLITE_OK;
}

/* The place of the trace callback goes to somebody else. */
static void watch_ends(struct connection *connection)
{
	void (*starts)(struct connection *, sqlite3_stmt *, const char *) = connection->statement_starts;

	if (!starts)
		return;
	trace_watch(connection, NULL);
	starts(connection, NULL, NULL);
}

/* SQLite has one argument for sqlite3_trace() and sqlite3_trace_v2(), and hands back the old one. */
static void *swap_trace(struct connection *connection, const struct trace_callback *now, void *from_sqlite)
{
	struct trace_callback *trace = &connection->trace;
	void *old = trace->is_ours ? trace->argument : from_sqlite;

	trace->trace_v2 = now->trace_v2;
	trace->trace = now->trace;
	trace->mask = now->mask;
	trace->argument = now->argument;
	trace->is_ours = now->trace_v2 || now->trace;
	trace->profile_is_last = false;
	return old;
}

int trace_set_v2(struct connection *connection, unsigned mask, int (*trace)(unsigned, void *, void *, void *), void *argument)
{
	const struct sqlite *sqlite = connection->sqlite;
	bool sets = mask && trace;
	unsigned all = (sets ? mask : 0) | (connection->statement_starts ? SQLITE_TRACE_STMT : 0);
	int rc = all ? sqlite->trace_v2(connection->db, all, on_trace_v2, connection)
		     : sqlite->trace_v2(connection->db, mask, trace, argument);

	if (rc == SQLITE_OK)
		swap_trace(connection,
			   &(struct trace_callback){.trace_v2 = sets ? trace : NULL, .mask = mask, .argument = argument}, NULL);
	return rc;
}

void *trace_set(struct connection *connection, void (*trace)(void *, const char *), void *argument)
{
	const struct sqlite *sqlite = connection->sqlite;
	void *old;

	watch_ends(connection);
	old = trace ? sqlite->trace(connection->db, on_trace, connection) : sqlite->trace(connection->db, NULL, argument);
	return swap_trace(connection, &(struct trace_callback){.trace = trace, .argument = argument}, old);
}

void *trace_set_profile(struct connection *connection, void (*profile)(void *, const char *, sqlite3_uint64), void *argument)
{
	const struct sqlite *sqlite = connection->sqlite;
	struct trace_callback *trace = &connection->trace;
	void *old;

	/* which may be ended by this one, by the version of SQLite */
	if (trace->trace)
		watch_ends(connection);
	old = profile ? sqlite->profile(connection->db, on_profile, connection) : sqlite->profile(connection->db, NULL, argument);
	if (trace->profile)
		old = trace->profile_argument;
	trace->profile = profile;
	trace->profile_argument = argument;
	trace->profile_is_last = true;
	return old;
}

void trace_give_back(struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;
	const struct trace_callback *trace = &connection->trace;

	watch_ends(connection);
	/* not the authorizer: to set it makes statements expire, and of a closed connection none is compiled again */
	if (trace->profile && !trace->profile_is_last)
		sqlite->profile(connection->db, trace->profile, trace->profile_argument);
	if (trace->trace_v2)
		sqlite->trace_v2(connection->db, trace->mask, trace->trace_v2, trace->argument);
	if (trace->trace)
		sqlite->trace(connection->db, trace->trace, trace->argument);
	if (trace->profile && trace->profile_is_last)
		sqlite->profile(connection->db, trace->profile, trace->profile_argument);
}
