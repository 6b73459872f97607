/* embedded_connection.c - a connection of an embedded copy, from its opening to its end. */
#include "embedded/embedded_connection.h"

#include "base/guard.h"
#include "connection/connection.h"
#include "connection/registry.h"
#include "embedded/embedded.h"
#include "embedded/embedded_statement.h"
#include "embedded/nested_statements.h"
#include "locking/file_shim.h"
#include "policy/apply.h"
#include "policy/first_use.h"
#include "policy/lifecycle.h"
#include "policy/program_settings.h"
#include "policy/wal.h"
#include "report/report.h"
#include "sqlite/callbacks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char collation_name[] = "sqlprod_end_of_connection";

/* In a shared cache other connections may keep reading the file. */
static void forget_reader(const struct embedded_connection *embedded)
{
	struct file_shim *shim = embedded->connection->shim;

	if (shim && shim->reader_argument == embedded)
		file_shim_forget_reader(shim);
}

static int traced(unsigned event, void *argument, void *subject, void *detail);

static bool is_ours(const struct trace_callback *installed, const struct embedded_connection *embedded)
{
	return installed->trace_v2 == traced && installed->argument == embedded;
}

/* Has the program put a trace callback in place of ours? False where SQLite's offset of it is not known. installed: the callback
 * that is there. */
static bool lost_trace_callback(const struct embedded_connection *embedded, struct trace_callback *installed)
{
	return callback_read_trace(embedded->offsets, embedded->connection->db, installed) && !is_ours(installed, embedded);
}

static void give_trace_callback_back(const struct embedded_connection *embedded, sqlite3 *db, unsigned events)
{
	const struct sqlite *sqlite = embedded->copy->sqlite;
	struct trace_callback now = {.mask = 0};
	unsigned theirs = embedded->theirs.mask & ~(unsigned)TRACE_MASK_PROFILE;

	/* the program may have called sqlite3_profile() since */
	callback_read_trace(embedded->offsets, db, &now);
	if (events)
		sqlite->trace_v2(db, theirs | events | (now.mask & TRACE_MASK_PROFILE), traced, (void *)(uintptr_t)embedded);
	else
		sqlite->trace_v2(db, embedded->theirs.mask, embedded->theirs.trace_v2, embedded->theirs.argument);
}

static int collate(void *argument, int left_size, const void *left, int right_size, const void *right)
{
	int order = memcmp(left, right, (size_t)(left_size < right_size ? left_size : right_size));

	(void)argument;
	return order ? order : left_size - right_size;
}

/* Notes that not all statements were seen. */
static void say_unseen(struct connection *connection, const char *reason)
{
	static const enum setting at_first_use[] = {SETTING_JOURNAL_MODE, SETTING_SYNCHRONOUS, SETTING_CACHE_SIZE};

	connection->begins_not_upgraded_reason = reason;
	for (size_t i = 0; i < sizeof(at_first_use) / sizeof(at_first_use[0]) && !connection_is_set_up(connection); i++)
		connection->outcomes[at_first_use[i]].reason = reason;
}

/* The connection is gone, or all but gone. */
static void ended(struct embedded_connection *embedded)
{
	struct connection *connection = embedded->connection;
	struct trace_callback installed;
	char *line;

	if (report_is_wanted() && !connection->report_done && connection->pid == getpid()) {
		if (!connection->passthrough && connection->reached == REACHED_NOT_UPGRADED)
			say_unseen(connection, "this SQLite or its program leaves us no trace callback to see statements by");
		else if (!connection->passthrough && !embedded->closing && lost_trace_callback(embedded, &installed))
			say_unseen(connection, "the program took the trace callback, so that its statements were not seen");
		line = report_format(connection, false);
		if (line)
			report_write(line);
		free(line);
	}
	forget_reader(embedded);
	embedded_statement_forget(embedded);
	registry_forget(connection, embedded->serial);
}

static void collation_ended(void *argument)
{
	struct embedded_connection *embedded = argument;
	struct copy *copy = embedded->copy;

	ended(embedded);
	embedded_copy_leave(copy);
}

/* A collation's destructor runs at the end of its connection. PRAGMA collation_list shows the collation, so it is added only where
 * the end does not show otherwise. */
static bool end_by_collation(struct embedded_connection *embedded)
{
	const struct sqlite *sqlite = embedded->copy->sqlite;

	if (!embedded->has_collation)
		embedded->has_collation = sqlite->create_collation_v2(embedded->connection->db, collation_name, SQLITE_UTF8,
								      embedded, collate, collation_ended) == SQLITE_OK;
	return embedded->has_collation;
}

/* The shim of the connection's file, whose close is the end of the connection; NULL once it is closed, or if there is none. */
static struct file_shim *shim_of(const struct embedded_connection *embedded)
{
	struct file_shim *shim = embedded->connection->shim;

	return file_shim_serves(embedded->connection) && shim->reader_argument == embedded && shim->closed ? shim : NULL;
}

/* sqlite3_close() begins. It may still answer SQLITE_BUSY, and sqlite3_close_v2() leave the connection to its statements, where
 * there are any. Returns NULL if the connection has ended. */
static struct embedded_connection *closing(struct embedded_connection *embedded)
{
	struct connection *connection = embedded->connection;
	const struct sqlite *sqlite = connection->sqlite;
	struct copy *copy = embedded->copy;

	embedded_statement_last(embedded);
	registry_note_closing(connection, true);
	if (!connection->passthrough)
		wal_copy_before_close(connection);
	if (report_is_wanted() && !connection->passthrough)
		apply_read_back(connection);
	embedded->closing = true;
	/* a file in a shared cache stays open for the others */
	if (embedded->has_collation || (shim_of(embedded) && !sqlite_shares_cache(sqlite, connection->db)))
		return embedded;
	if ((!sqlite->next_stmt || sqlite->next_stmt(connection->db, NULL)) && end_by_collation(embedded))
		return embedded;
	give_trace_callback_back(embedded, connection->db, 0);
	ended(embedded);
	embedded_copy_leave(copy);
	return NULL;
}

static unsigned ours(const struct embedded_connection *embedded)
{
	return SQLITE_TRACE_STMT | SQLITE_TRACE_CLOSE | (embedded->quiet ? 0 : SQLITE_TRACE_PROFILE);
}

/* Has SQLite show the ends of statements, or no longer. The statement has ended, or starts. */
static void settle(struct embedded_connection *embedded, sqlite3_stmt *stmt)
{
	struct trace_callback installed;
	bool quiet = embedded_statement_may_be_quiet(embedded, stmt);

	if (quiet == embedded->quiet || lost_trace_callback(embedded, &installed))
		return;
	embedded->quiet = quiet;
	give_trace_callback_back(embedded, embedded->connection->db, ours(embedded));
}

static void statement_begins(struct embedded_connection *embedded, sqlite3_stmt *stmt, const char *text)
{
	const char *sql = embedded->connection->sqlite->sql(stmt);

	embedded_statement_begins(embedded, stmt, sql, text != sql);
	/* what was read may want ends to be seen from now on */
	if (embedded->quiet)
		settle(embedded, stmt);
}

static void statement_ended(struct embedded_connection *embedded, sqlite3_stmt *stmt)
{
	if (embedded->quiet)
		return;
	embedded_statement_ended(embedded, stmt);
	settle(embedded, stmt);
}

/* Does it not matter that the statement starts? */
static bool passes(struct embedded_connection *embedded, sqlite3_stmt *stmt, const char *text)
{
	bool passes = embedded_statement_passes(embedded, stmt, text);

	if (passes && *text == '-')
		nested_statements_hide(embedded, stmt, text);
	return passes;
}

static __attribute__((noinline)) int see(unsigned event, struct embedded_connection *embedded, void *subject, void *detail)
{
	struct trace_callback theirs;
	int saved;

	if (embedded->inside || (event == SQLITE_TRACE_STMT && passes(embedded, subject, detail)))
		return 0;
	/* ours, for a connection of another copy */
	if (embedded->connection->callbacks_suspended)
		return 0;
	saved = errno;
	theirs = embedded->theirs;
	embedded->inside = true;
	embedded->passes = PASSES_NOT;
	guard_enter(NULL);
	if (event == SQLITE_TRACE_CLOSE)
		embedded = closing(embedded);
	else if (embedded->connection->passthrough)
		;
	else if (event == SQLITE_TRACE_STMT)
		statement_begins(embedded, subject, detail);
	else if (event == SQLITE_TRACE_PROFILE)
		statement_ended(embedded, subject);
	guard_leave();
	if (embedded) {
		embedded->inside = false;
		if (embedded->quiet && !embedded->unread && !embedded->attaching && !embedded->closing && !theirs.trace_v2)
			embedded->passes = embedded->busy_is_ours ? PASSES_OURS : PASSES_UNCHANGED;
	}
	errno = saved;
	if (theirs.trace_v2 && (theirs.mask & event))
		theirs.trace_v2(event, theirs.argument, subject, detail);
	return 0;
}

/* Our trace callback, called with the connection's mutex held, also for statements of ours. */
static int traced(unsigned event, void *argument, void *subject, void *detail)
{
	struct embedded_connection *embedded = argument;

	if (event == SQLITE_TRACE_STMT && embedded_select_passes(embedded, detail))
		return 0;
	return see(event, embedded, subject, detail);
}

/* Installs our trace callback, which calls the one that is installed, the program's. False if the copy has none, or the program
 * used sqlite3_trace(), whose callback is of another type. */
static bool take_trace_callback(struct embedded_connection *embedded, sqlite3 *db, const struct trace_callback *installed)
{
	if (installed->mask & TRACE_MASK_LEGACY)
		return false;
	embedded->theirs = *installed;
	return embedded->copy->sqlite->trace_v2(db, installed->mask | ours(embedded), traced, embedded) == SQLITE_OK;
}

/* The file is closed: by sqlite3_close(), which was not seen to begin if the program took the trace callback, or because
 * sqlite3_deserialize() has put an image in its place. */
static void file_closed(void *argument)
{
	struct embedded_connection *embedded = argument;
	struct copy *copy = embedded->copy;
	struct trace_callback installed;

	if (embedded->has_collation || (!embedded->closing && !lost_trace_callback(embedded, &installed)))
		return;
	ended(embedded);
	embedded_copy_leave(copy);
}

/* A read begins: installs our trace callback again, so that the program's next BEGIN is seen. */
static void keep_trace_callback(void *argument)
{
	struct embedded_connection *embedded = argument;
	struct connection *connection = embedded->connection;
	struct trace_callback installed;

	nested_statements_show(embedded);
	if (!lost_trace_callback(embedded, &installed) || embedded->inside || connection->shared_cache ||
	    connection->callbacks_suspended)
		return;
	guard_enter(NULL);
	take_trace_callback(embedded, connection->db, &installed);
	embedded->passes = PASSES_NOT;
	guard_leave();
}

/* SQLite gives the write lock back. */
static void show_statements(void *argument)
{
	nested_statements_show(argument);
}

/* Makes the connection's record and has SQLite call us about it. False if that cannot be: then nothing stays. */
static bool watch(struct embedded_connection *embedded, sqlite3 *db)
{
	const struct sqlite *sqlite = embedded->copy->sqlite;
	struct trace_callback installed = {.mask = 0};
	struct connection *connection;
	bool traces;

	callback_read_trace(embedded->offsets, db, &installed);
	traces = take_trace_callback(embedded, db, &installed);
	connection = lifecycle_open_embedded(sqlite, db, embedded->offsets, traces && sqlite->blob_open && sqlite->blob_close);
	embedded->connection = connection;
	if (connection) {
		embedded->serial = connection->serial;
		if (traces || end_by_collation(embedded)) {
			if (connection->passthrough && traces)
				give_trace_callback_back(embedded, db, SQLITE_TRACE_CLOSE);
			if (connection->shim && traces && !connection->shared_cache) {
				connection->shim->reader_argument = embedded;
				connection->shim->reader = keep_trace_callback;
				connection->shim->writer_argument = embedded;
				connection->shim->writer_ends = show_statements;
				connection->shim->closed = file_closed;
				connection->shim->pragma = embedded_statement_pragma;
			}
			connection->embedded_state = embedded;
			return true;
		}
		registry_forget(connection, embedded->serial);
	}
	if (traces)
		give_trace_callback_back(embedded, db, 0);
	return false;
}

/* The program's own sqlite3_auto_extension() callbacks may have set an authorizer or busy handler already. */
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
		first_use_at_open(embedded->connection);
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
	embedded->busy_now = &embedded->busy;
	embedded->timeout_now = &embedded->busy_timeout;
	embedded->offsets = copy_offsets(copy, db);
	open_with_callbacks_aside(embedded, db);
}
