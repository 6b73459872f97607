/* embedded_connection.c - the life of a connection behind the second door. */
#include "embedded/embedded_connection.h"

#include "base/guard.h"
#include "connection/connection.h"
#include "connection/registry.h"
#include "embedded/embedded_statement.h"
#include "locking/file_shim.h"
#include "policy/apply.h"
#include "policy/lifecycle.h"
#include "policy/program_settings.h"
#include "policy/statement_policy.h"
#include "policy/wal.h"
#include "report/report.h"
#include "sqlite/callbacks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char collation_name[] = "sqlprod_end_of_connection";

/* In a shared cache others may go on reading the file. */
static void forget_reader(const struct embedded_connection *embedded)
{
	struct file_shim *shim = embedded->connection->shim;

	if (shim && shim->reader_argument == embedded)
		file_shim_forget_reader(shim);
}

static void connection_ends(const struct embedded_connection *embedded)
{
	struct connection *connection = embedded->connection;

	forget_reader(embedded);
	registry_note_closing(connection, true);
	if (!connection->passthrough)
		wal_copy_before_close(connection);
	if (!report_is_wanted())
		return;
	apply_read_back(connection);
}

/* Our trace callback, called with the connection's mutex held. What we run ourselves comes by here too. */
static int traced(unsigned event, void *argument, void *subject, void *detail)
{
	struct embedded_connection *embedded = argument;
	int saved = errno;

	if (embedded->inside)
		return 0;
	embedded->inside = true;
	guard_enter(NULL);
	if (event == SQLITE_TRACE_STMT)
		embedded_statement_begins(embedded, subject);
	else if (event == SQLITE_TRACE_PROFILE)
		embedded_statement_ended(embedded, subject);
	else if (event == SQLITE_TRACE_CLOSE)
		connection_ends(embedded);
	guard_leave();
	embedded->inside = false;
	errno = saved;
	if (embedded->theirs.trace_v2 && (embedded->theirs.mask & event))
		embedded->theirs.trace_v2(event, embedded->theirs.argument, subject, detail);
	return 0;
}

/* Puts our callback in front of the program's. False if the copy has no such slot, or the program's callback is one of
 * sqlite3_trace(), which ours cannot stand in front of. */
static bool take_trace_callback(struct embedded_connection *embedded, sqlite3 *db)
{
	const unsigned ours = SQLITE_TRACE_STMT | SQLITE_TRACE_PROFILE | SQLITE_TRACE_CLOSE;
	struct trace_callback installed = {.mask = 0};

	callback_read_trace(embedded->offsets, db, &installed);
	if (installed.mask & TRACE_MASK_LEGACY)
		return false;
	if (installed.trace_v2 == traced && installed.argument == embedded)
		return true;
	embedded->theirs = installed;
	return embedded->copy->sqlite->trace_v2(db, installed.mask | ours, traced, embedded) == SQLITE_OK;
}

/* Has the program taken it from us? */
static bool has_trace_callback(const struct embedded_connection *embedded)
{
	struct trace_callback installed;

	return !callback_read_trace(embedded->offsets, embedded->connection->db, &installed) ||
	       (installed.trace_v2 == traced && installed.argument == embedded);
}

static int collate(void *argument, int left_size, const void *left, int right_size, const void *right)
{
	int order = memcmp(left, right, (size_t)(left_size < right_size ? left_size : right_size));

	(void)argument;
	return order ? order : left_size - right_size;
}

/* A read begins: before its next BEGIN the program's statements must be seen again. */
static void keep_trace_callback(void *argument)
{
	struct embedded_connection *embedded = argument;
	struct connection *connection = embedded->connection;

	if (has_trace_callback(embedded) || embedded->inside || connection->shared_cache)
		return;
	guard_enter(NULL);
	take_trace_callback(embedded, connection->db);
	guard_leave();
}

/* Its statements were not seen, at least not all to the end. */
static void say_unseen(struct connection *connection, const char *reason)
{
	static const enum setting at_first_use[] = {SETTING_JOURNAL_MODE, SETTING_SYNCHRONOUS, SETTING_CACHE_SIZE};

	connection->begins_not_upgraded_reason = reason;
	for (size_t i = 0; i < sizeof(at_first_use) / sizeof(at_first_use[0]) && !connection_is_set_up(connection); i++)
		connection->outcomes[at_first_use[i]].reason = reason;
}

/* SQLite frees the handle: it ends the collation that we defined for no other purpose. */
static void ended(void *argument)
{
	struct embedded_connection *embedded = argument;
	struct connection *connection = embedded->connection;
	char *line;

	if (report_is_wanted() && !connection->report_done && connection->pid == getpid()) {
		if (!connection->passthrough && connection->cannot_upgrade)
			say_unseen(connection, "this SQLite or its program leaves us no trace callback to see statements by");
		else if (!connection->passthrough && !has_trace_callback(embedded))
			say_unseen(connection, "the program took the trace callback, so that its statements were not seen");
		line = report_format(connection, false);
		if (line)
			report_write(line);
		free(line);
	}
	/* then it was not seen to close */
	if (!has_trace_callback(embedded))
		forget_reader(embedded);
	registry_forget(connection, embedded->serial);
	free(embedded);
}

/* Makes the connection's record and has SQLite call us about it. False if that cannot be: then nothing is left behind. */
static bool watch(struct embedded_connection *embedded, sqlite3 *db)
{
	const struct sqlite *sqlite = embedded->copy->sqlite;
	bool traces = take_trace_callback(embedded, db);
	struct connection *connection =
		lifecycle_open_embedded(sqlite, db, embedded->offsets, traces && sqlite->blob_open && sqlite->blob_close);

	embedded->connection = connection;
	if (connection) {
		embedded->serial = connection->serial;
		if (sqlite->create_collation_v2(db, collation_name, SQLITE_UTF8, embedded, collate, ended) == SQLITE_OK) {
			if (connection->passthrough && traces)
				sqlite->trace_v2(db, embedded->theirs.mask, embedded->theirs.trace_v2, embedded->theirs.argument);
			if (connection->shim && traces && !connection->shared_cache) {
				connection->shim->reader_argument = embedded;
				connection->shim->reader = keep_trace_callback;
			}
			return true;
		}
		registry_forget(connection, embedded->serial);
	}
	if (traces)
		sqlite->trace_v2(db, embedded->theirs.mask, embedded->theirs.trace_v2, embedded->theirs.argument);
	return false;
}

/* The program has entries of its own (sqlite3_auto_extension), which may have filled the offsets before we came. */
static void open_with_callbacks_aside(struct embedded_connection *embedded, sqlite3 *db)
{
	const struct sqlite *sqlite = embedded->copy->sqlite;
	struct authorizer_callback authorizer = {NULL, NULL};
	struct busy_callback busy = {.handler = NULL};

	callback_read_authorizer(embedded->offsets, db, &authorizer);
	callback_read_busy(embedded->offsets->busy, db, &busy);
	if (authorizer.authorizer)
		sqlite->set_authorizer(db, NULL, NULL);
	embedded->inside = true;
	if (watch(embedded, db)) {
		if (busy.handler && !embedded->connection->passthrough) {
			sqlite->busy_handler(db, busy.handler, busy.argument);
			if (busy.handler == embedded->offsets->busy->stock)
				program_busy_timeout(embedded->connection, busy.timeout);
			else
				program_found_busy_handler(embedded->connection, busy.handler, busy.argument);
		}
		policy_opened(embedded->connection);
		embedded->inside = false;
	} else {
		free(embedded);
	}
	if (authorizer.authorizer)
		sqlite->set_authorizer(db, authorizer.authorizer, authorizer.argument);
}

void embedded_connection_open(struct copy *copy, sqlite3 *db)
{
	struct embedded_connection *embedded = calloc(1, sizeof(*embedded));

	if (!embedded)
		return;
	embedded->copy = copy;
	embedded->offsets = copy_offsets(copy, db);
	open_with_callbacks_aside(embedded, db);
}
