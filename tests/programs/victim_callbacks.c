/* victim_callbacks.c - what SQLite calls back in a victim: busy handler, authorizer, trace, hooks, an SQL function. */
#include "victim.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Absent in SQLite before 3.14. */
#pragma weak sqlite3_trace_v2

static void call_busy_timeout(char *rest)
{
	sqlite3 *db = calls_handle(&rest);

	victim_say("busy_timeout", sqlite3_busy_timeout(db, atoi(rest)), "");
}

static int handler_count(void *argument, int tries)
{
	struct handle *handle = argument;

	handle->handler_calls++;
	return tries < 3;
}

static void call_busy_handler(char *rest)
{
	struct handle *handle = handle_get(&rest);
	bool on = strcmp(rest, "on") == 0;

	victim_say("busy_handler", sqlite3_busy_handler(handle->db, on ? handler_count : NULL, on ? handle : NULL), "");
}

static void call_handler_calls(char *rest)
{
	printf("handler_calls %d\n", handle_get(&rest)->handler_calls);
}

static int authorizer_log(void *argument, int action, const char *first, const char *second, const char *schema, const char *by)
{
	const struct handle *handle = argument;

	(void)schema;
	(void)by;
	if (action == SQLITE_DROP_TABLE)
		return strcmp(handle->authorizes, "drop") == 0 ? SQLITE_DENY : SQLITE_OK;
	if (action != SQLITE_PRAGMA && action != SQLITE_TRANSACTION)
		return SQLITE_OK;
	printf("authorizer %s %s %s\n", action == SQLITE_PRAGMA ? "pragma" : "transaction", first ? first : "",
	       second ? second : "");
	return strcmp(handle->authorizes, "deny") == 0 ? SQLITE_DENY : SQLITE_OK;
}

static void call_authorizer(char *rest)
{
	struct handle *handle = handle_get(&rest);
	bool off = strcmp(rest, "off") == 0;

	snprintf(handle->authorizes, sizeof(handle->authorizes), "%s", rest);
	victim_say("authorizer", sqlite3_set_authorizer(handle->db, off ? NULL : authorizer_log, handle), "");
}

static int trace_print(unsigned event, void *unused, void *stmt, void *text)
{
	(void)event;
	(void)unused;
	(void)stmt;
	printf("trace %s\n", (const char *)text);
	return 0;
}

static void trace_print_v1(void *unused, const char *text)
{
	trace_print(0, unused, NULL, (void *)(size_t)text);
}

static void call_trace(char *rest)
{
	sqlite3 *db = calls_handle(&rest);
	int rc = sqlite3_trace_v2 ? sqlite3_trace_v2(db, SQLITE_TRACE_STMT, trace_print, NULL) : SQLITE_ERROR;

	if (rc != SQLITE_OK)
		sqlite3_trace(db, trace_print_v1, NULL);
	victim_say("trace", SQLITE_OK, "");
}

/* As another thread may, between a statement that began a transaction and whatever comes next. */
static void profile_interrupt(void *db, const char *sql, sqlite3_uint64 nanoseconds)
{
	(void)sql;
	(void)nanoseconds;
	if (sqlite3_get_autocommit(db))
		return;
	sqlite3_profile(db, NULL, NULL);
	sqlite3_interrupt(db);
}

static void call_interrupt(char *rest)
{
	sqlite3 *db = calls_handle(&rest);

	sqlite3_profile(db, profile_interrupt, db);
	victim_say("interrupt", SQLITE_OK, "");
}

static sqlite3 *interrupted;

static void signal_interrupt(int signal)
{
	(void)signal;
	sqlite3_interrupt(interrupted);
}

static void call_interrupt_at_signal(char *rest)
{
	struct sigaction action = {.sa_handler = signal_interrupt, .sa_flags = SA_RESTART};

	interrupted = calls_handle(&rest);
	sigaction(SIGUSR1, &action, NULL);
	victim_say("interrupt_at_signal", SQLITE_OK, "");
}

static int commit_print(void *name)
{
	printf("commit %s\n", (const char *)name);
	return 0;
}

static void rollback_print(void *name)
{
	printf("rollback %s\n", (const char *)name);
}

static int wal_print(void *name, sqlite3 *db, const char *schema, int pages)
{
	(void)db;
	(void)schema;
	(void)pages;
	printf("wal %s\n", (const char *)name);
	return 0;
}

static int progress_print(void *calls)
{
	++*(int *)calls;
	return 0;
}

static void call_hooks(char *rest)
{
	struct handle *handle = handle_get(&rest);

	sqlite3_commit_hook(handle->db, commit_print, handle->name);
	sqlite3_rollback_hook(handle->db, rollback_print, handle->name);
	if (strcmp(rest, "wal") == 0)
		sqlite3_wal_hook(handle->db, wal_print, handle->name);
	sqlite3_progress_handler(handle->db, 1, progress_print, &handle->progress_calls);
}

static void function_run_line(sqlite3_context *context, int count, sqlite3_value **values)
{
	(void)count;
	victim_run_line((const char *)sqlite3_value_text(values[0]));
	sqlite3_result_int(context, 1);
}

static void call_function(char *rest)
{
	sqlite3 *db = calls_handle(&rest);

	victim_say("function", sqlite3_create_function(db, "victim", 1, SQLITE_UTF8, NULL, function_run_line, NULL, NULL), "");
}

bool callbacks_run(const char *verb, char *rest)
{
	static const struct {
		const char *verb;
		void (*call)(char *rest);
	} calls[] = {
		{"busy_timeout", call_busy_timeout},
		{"busy_handler", call_busy_handler},
		{"handler_calls", call_handler_calls},
		{"interrupt", call_interrupt},
		{"interrupt_at_signal", call_interrupt_at_signal},
		{"authorizer", call_authorizer},
		{"trace", call_trace},
		{"hooks", call_hooks},
		{"function", call_function},
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (strcmp(calls[i].verb, verb) == 0) {
			calls[i].call(rest);
			return true;
		}
	return false;
}
