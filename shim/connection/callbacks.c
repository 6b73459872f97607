/* callbacks.c - the callbacks that a program set on a connection. */
#include "connection/callbacks.h"

#include "connection/connection.h"
#include "sqlite/callback_offsets.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* How many statements of ours are under way in this thread: their failures are not for the program's error log. */
static _Thread_local unsigned own_statements;

/* Reads what the program may have changed out of our sight. */
static void refresh(struct connection *connection)
{
	const struct callback_offsets *offsets = connection->offsets;

	if (!offsets)
		return;
	callback_read_authorizer(offsets, connection->db, &connection->authorizer);
	callback_read_hooks(offsets, connection->db, &connection->hooks);
}

static void take_out(struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;
	const struct hook_callbacks *hooks = &connection->hooks;

	refresh(connection);
	if (connection->offsets)
		connection->hooks.trace_mask = callback_silence_traces(connection->offsets, connection->db);
	if (connection->offsets && connection->authorizer.authorizer)
		sqlite->set_authorizer(connection->db, NULL, NULL);
	if (hooks->commit)
		sqlite->commit_hook(connection->db, NULL, NULL);
	if (hooks->rollback)
		sqlite->rollback_hook(connection->db, NULL, NULL);
	if (hooks->progress)
		sqlite->progress_handler(connection->db, 0, NULL, NULL);
}

static void put_back(struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;
	const struct hook_callbacks *hooks = &connection->hooks;

	if (connection->offsets && connection->authorizer.authorizer)
		sqlite->set_authorizer(connection->db, connection->authorizer.authorizer, connection->authorizer.argument);
	if (hooks->commit)
		sqlite->commit_hook(connection->db, hooks->commit, hooks->commit_argument);
	if (hooks->rollback)
		sqlite->rollback_hook(connection->db, hooks->rollback, hooks->rollback_argument);
	if (hooks->progress)
		sqlite->progress_handler(connection->db, hooks->progress_steps, hooks->progress, hooks->progress_argument);
	if (connection->offsets)
		callback_restore_traces(connection->offsets, connection->db, hooks->trace_mask);
}

static bool is_inside(const struct connection *connection)
{
	return !connection->sqlite->get_autocommit(connection->db);
}

/* What PRAGMA defer_foreign_keys has set, SQLite clears where a statement ends outside of a transaction, which may be one of ours.
 */
static void note_deferred(struct connection *connection)
{
	const struct foreign_key_bits *bits = connection->foreign_keys.bits;

	connection->suspended_deferred = bits && bits->deferred.mask && flag_bit_is_set(connection->db, bits->deferred);
	connection->suspended_inside = connection->suspended_deferred && is_inside(connection);
}

/* Unless we have ended the program's transaction, and it with that. */
static void put_deferred_back(const struct connection *connection)
{
	if (connection->suspended_deferred && (!connection->suspended_inside || is_inside(connection)))
		flag_bit_set(connection->db, connection->foreign_keys.bits->deferred, true);
}

void callbacks_log_suspend(void)
{
	own_statements++;
}

void callbacks_log_resume(void)
{
	own_statements -= own_statements > 0;
}

void callbacks_suspend(struct connection *connection)
{
	own_statements++;
	if (connection->callbacks_suspended++ > 0)
		return;
	note_deferred(connection);
	take_out(connection);
}

void callbacks_resume(struct connection *connection)
{
	own_statements--;
	if (--connection->callbacks_suspended > 0)
		return;
	put_back(connection);
	put_deferred_back(connection);
}

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

static int on_trace_v2(unsigned event, void *argument, void *subject, void *detail)
{
	struct connection *connection = argument;
	const struct trace_callback *trace = &connection->trace;

	if (connection->callbacks_suspended)
		return 0;
	if (event == SQLITE_TRACE_STMT && connection->statement_starts)
		connection->statement_starts(connection, detail);
	if (event == SQLITE_TRACE_STMT && trace->trace)
		trace_statement(connection, subject, detail);
	return trace->trace_v2 && (trace->mask & event) ? trace->trace_v2(event, trace->argument, subject, detail) : 0;
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

bool callbacks_watch(struct connection *connection, void (*starts)(struct connection *, const char *))
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
	void (*starts)(struct connection *, const char *) = connection->statement_starts;

	if (!starts)
		return;
	callbacks_watch(connection, NULL);
	starts(connection, NULL);
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

int callbacks_trace_v2(struct connection *connection, unsigned mask, int (*trace)(unsigned, void *, void *, void *), void *argument)
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

void *callbacks_trace(struct connection *connection, void (*trace)(void *, const char *), void *argument)
{
	const struct sqlite *sqlite = connection->sqlite;
	void *old;

	watch_ends(connection);
	old = trace ? sqlite->trace(connection->db, on_trace, connection) : sqlite->trace(connection->db, NULL, argument);
	return swap_trace(connection, &(struct trace_callback){.trace = trace, .argument = argument}, old);
}

void *callbacks_profile(struct connection *connection, void (*profile)(void *, const char *, sqlite3_uint64), void *argument)
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

void *callbacks_commit_hook(struct connection *connection, int (*hook)(void *), void *argument)
{
	connection->hooks.commit = hook;
	connection->hooks.commit_argument = argument;
	return connection->sqlite->commit_hook(connection->db, hook, argument);
}

void *callbacks_rollback_hook(struct connection *connection, void (*hook)(void *), void *argument)
{
	connection->hooks.rollback = hook;
	connection->hooks.rollback_argument = argument;
	return connection->sqlite->rollback_hook(connection->db, hook, argument);
}

void callbacks_progress_handler(struct connection *connection, int steps, int (*handler)(void *), void *argument)
{
	connection->hooks.progress = steps > 0 ? handler : NULL;
	connection->hooks.progress_argument = argument;
	connection->hooks.progress_steps = steps;
	connection->sqlite->progress_handler(connection->db, steps, handler, argument);
}

int callbacks_authorize(struct connection *connection, int action, const char *first, const char *second, const char *schema,
			const char *trigger)
{
	const struct authorizer_callback *program = &connection->authorizer;
	int answer =
		program->authorizer ? program->authorizer(program->argument, action, first, second, schema, trigger) : SQLITE_OK;

	/* SQLite accepts such a PRAGMA, and does nothing */
	if (action == SQLITE_PRAGMA && answer == SQLITE_IGNORE)
		connection->pragma_ignored = true;
	return answer;
}

void callbacks_give_back(struct connection *connection)
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

/* What a program gave to sqlite3_config(). Entries stay for ever. */
struct error_log {
	struct error_log *next;
	void (*log)(void *, int, const char *);
	void *argument;
};
static struct error_log *_Atomic error_logs;

_Thread_local struct held_failure callbacks_held;

void callbacks_log_give(bool gives)
{
	struct held_failure *held = &callbacks_held;
	char *message = held->message;

	held->message = NULL;
	if (message && gives)
		held->log->log(held->log->argument, held->rc, message);
	free(message);
}

static void on_error(void *argument, int rc, const char *message)
{
	const struct error_log *log = argument;
	struct held_failure *held = &callbacks_held;

	if (own_statements)
		return;
	/* an earlier one is of what the program's callbacks do meanwhile */
	callbacks_log_give(true);
	held->log = log;
	held->rc = rc;
	held->message = held->on ? strdup(message) : NULL;
	if (!held->message)
		log->log(log->argument, rc, message);
}

void callbacks_config_log(void (**log)(void *, int, const char *), void **argument)
{
	struct error_log *known = atomic_load(&error_logs);

	if (!*log)
		return;
	while (known && (known->log != *log || known->argument != *argument))
		known = known->next;
	if (!known) {
		known = malloc(sizeof(*known));
		if (!known)
			return;
		*known = (struct error_log){.log = *log, .argument = *argument, .next = atomic_load(&error_logs)};
		while (!atomic_compare_exchange_weak(&error_logs, &known->next, known))
			;
	}
	*log = on_error;
	*argument = known;
}
