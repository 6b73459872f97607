/* watch.c - the life of a connection behind the second door. */
#include "watch.h"

#include "apply.h"
#include "begin.h"
#include "connection.h"
#include "decision.h"
#include "door.h"
#include "gate.h"
#include "pragma.h"
#include "program.h"
#include "registry.h"
#include "report.h"
#include "upgrade.h"
#include "wait.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SQLITE_CORE 1 /* the struct of sqlite3ext.h, without the macros that hide the functions */
#include <sqlite3ext.h>

static const char collation_name[] = "sqlprod_end_of_connection";

/* The argument of our callbacks, which SQLite keeps until the connection ends. */
struct watched {
	struct connection *connection;
	uint64_t serial; /* of that record */
	struct copy *copy;
	const struct slot_layout *slots;
	struct trace_slot theirs; /* what the program put into the trace slot, which has ours in front */
	bool inside;              /* a callback of ours is running statements */
	const char *lost;         /* SQLite rolled back the program's transaction under our upgrade: what begins it again, or "" */
	bool outermost;           /* the statement that began last did so outside of a transaction */
};

/* What the program put into the busy slot since we looked last. */
static void look_at_busy_slot(struct watched *watched)
{
	struct connection *connection = watched->connection;
	struct busy_slot now;

	if (!slot_read_busy(watched->slots->busy, connection->db, &now))
		return;
	if (now.handler == watched->slots->busy->stock || wait_is_ours(now.handler)) {
		if (now.timeout != connection->busy.timeout || connection->busy.handler)
			decision_busy_timeout(connection, now.timeout);
		else
			wait_renew(connection, 0);
	} else if (now.handler) {
		if (now.handler != connection->busy.handler || now.argument != connection->busy.argument)
			decision_found_busy_handler(connection, now.handler, now.argument);
	} else if (connection->busy.timeout || connection->busy.handler) {
		decision_busy_timeout(connection, 0);
	}
}

/* An error that a statement of ours left behind would be taken for one of the program's. */
static void forget_error(const struct connection *connection)
{
	connection->sqlite->exec(connection->db, "", NULL, NULL, NULL);
}

/* In WAL mode EXCLUSIVE is the same as IMMEDIATE. */
static bool is_exclusive(const struct connection *connection, const struct rewrite *rewrite)
{
	return strcmp(rewrite->words, "EXCLUSIVE") == 0 && connection->outcomes[SETTING_JOURNAL_MODE].got != JOURNAL_WAL;
}

static void begun(struct watched *watched, const struct rewrite *rewrite)
{
	struct connection *connection = watched->connection;
	const char *obstacle = upgrade_begin(connection);

	if (!upgrade_begin_again(connection, "BEGIN"))
		watched->lost = "BEGIN";
	if (!obstacle && is_exclusive(connection, rewrite))
		obstacle = "IMMEDIATE instead of EXCLUSIVE, which an embedded SQLite does not give to a BEGIN that has run";
	begin_upgraded(connection, obstacle);
}

static void savepoint_begun(struct watched *watched, const char *sql)
{
	struct connection *connection = watched->connection;

	if (!watched->outermost || !begin_savepoint(connection))
		return;
	begin_upgraded(connection, upgrade_begin(connection));
	if (!upgrade_begin_again(connection, sql))
		watched->lost = "";
}

/* The program decided by PRAGMA, and SQLite has done it; the operator may want something else. */
static void override_pragma(struct connection *connection, const struct sql_text *text, const struct statement *statement,
			    const struct rewrite *rewrite)
{
	size_t bytes = 0;
	char *sql = rewrite_make(rewrite, text, statement, 0, &bytes);

	if (sql)
		pragma_run(connection, sql, NULL, 0);
	rewrite_discard(sql, bytes);
}

static void statement_begins(struct watched *watched)
{
	struct connection *connection = watched->connection;

	look_at_busy_slot(watched);
	/* A statement that was interrupted here ends before it has done anything, and its program is told what it has to be told:
	 * that its transaction was rolled back. */
	if (watched->lost && !upgrade_begin_again(connection, watched->lost))
		watched->copy->table->interruptx(connection->db);
	watched->lost = NULL;
	watched->outermost = connection->sqlite->get_autocommit(connection->db);
}

static void statement_ended(struct watched *watched, sqlite3_stmt *stmt)
{
	struct connection *connection = watched->connection;
	const char *sql = connection->sqlite->sql(stmt);
	unsigned watch = atomic_load_explicit(&connection->watch, memory_order_relaxed);
	struct statement statement;
	struct rewrite rewrite;
	struct sql_text text;
	bool inside;

	if (!sql || !(watch >> statement_first_letter(sql, -1) & 1))
		return;
	text = sql_text_utf8(sql, -1);
	statement_read(&text, 0, &statement);
	slot_read_authorizer(watched->slots, connection->db, &connection->authorizer);
	inside = !connection->sqlite->get_autocommit(connection->db);
	if (program_statement(connection, &text, &statement, &rewrite)) {
		if (statement.kind != STATEMENT_BEGIN)
			override_pragma(connection, &text, &statement, &rewrite);
		else if (inside)
			begun(watched, &rewrite);
	} else if (statement.kind == STATEMENT_SAVEPOINT && inside) {
		savepoint_begun(watched, sql);
	}
	forget_error(connection);
}

/* In a shared cache others may go on reading the file. */
static void leave_gate(const struct watched *watched)
{
	struct gate *gate = watched->connection->gate;

	if (gate && gate->reader_argument == watched)
		gate_forget_reader(gate);
}

static void connection_ends(const struct watched *watched)
{
	struct connection *connection = watched->connection;

	leave_gate(watched);
	if (!report_is_wanted())
		return;
	slot_read_authorizer(watched->slots, connection->db, &connection->authorizer);
	apply_read_back(connection);
}

/* Our trace callback, called with the connection's mutex held. What we run ourselves comes by here too. */
static int traced(unsigned event, void *argument, void *subject, void *detail)
{
	struct watched *watched = argument;
	int saved = errno;

	if (watched->inside)
		return 0;
	watched->inside = true;
	door_raise(NULL);
	if (event == SQLITE_TRACE_STMT)
		statement_begins(watched);
	else if (event == SQLITE_TRACE_PROFILE)
		statement_ended(watched, subject);
	else if (event == SQLITE_TRACE_CLOSE)
		connection_ends(watched);
	door_lower();
	watched->inside = false;
	errno = saved;
	if (watched->theirs.trace_v2 && (watched->theirs.mask & event))
		watched->theirs.trace_v2(event, watched->theirs.argument, subject, detail);
	return 0;
}

/* Puts our callback in front of the program's. False if the copy has no such slot, or the program's callback is one of
 * sqlite3_trace(), which ours cannot stand in front of. */
static bool take_trace_slot(struct watched *watched, sqlite3 *db)
{
	const unsigned ours = SQLITE_TRACE_STMT | SQLITE_TRACE_PROFILE | SQLITE_TRACE_CLOSE;
	struct trace_slot slot = {.mask = 0};

	slot_read_trace(watched->slots, db, &slot);
	if (slot.mask & SLOT_TRACE_LEGACY)
		return false;
	if (slot.trace_v2 == traced && slot.argument == watched)
		return true;
	watched->theirs = slot;
	return watched->copy->sqlite->trace_v2(db, slot.mask | ours, traced, watched) == SQLITE_OK;
}

/* Has the program taken it from us? */
static bool has_trace_slot(const struct watched *watched)
{
	struct trace_slot slot;

	return !slot_read_trace(watched->slots, watched->connection->db, &slot) ||
	       (slot.trace_v2 == traced && slot.argument == watched);
}

static int collate(void *argument, int left_size, const void *left, int right_size, const void *right)
{
	int order = memcmp(left, right, (size_t)(left_size < right_size ? left_size : right_size));

	(void)argument;
	return order ? order : left_size - right_size;
}

/* A read begins: before its next BEGIN the program's statements must be seen again. */
static void keep_trace_slot(void *argument)
{
	struct watched *watched = argument;
	struct connection *connection = watched->connection;

	if (has_trace_slot(watched) || watched->inside || connection->shared_cache)
		return;
	door_raise(NULL);
	take_trace_slot(watched, connection->db);
	door_lower();
}

/* Its statements were not seen, at least not all to the end. */
static void say_unseen(struct connection *connection, const char *reason)
{
	static const enum setting at_first_use[] = {SETTING_JOURNAL_MODE, SETTING_SYNCHRONOUS, SETTING_CACHE_SIZE};

	connection->begins_left_reason = reason;
	for (size_t i = 0; i < sizeof(at_first_use) / sizeof(at_first_use[0]) && !connection->settled; i++)
		connection->outcomes[at_first_use[i]].reason = reason;
}

/* SQLite frees the handle: it ends the collation that we defined for no other purpose. */
static void ended(void *argument)
{
	struct watched *watched = argument;
	struct connection *connection = watched->connection;
	char *line;

	if (report_is_wanted() && !connection->unreported && connection->pid == getpid()) {
		if (!connection->off && connection->no_begin)
			say_unseen(connection, "this SQLite or its program leaves us no trace callback to see statements by");
		else if (!connection->off && !has_trace_slot(watched))
			say_unseen(connection, "the program took the trace callback, so that its statements were not seen");
		line = report_format(connection, false);
		if (line)
			report_write(line);
		free(line);
	}
	/* then it was not seen to close */
	if (!has_trace_slot(watched))
		leave_gate(watched);
	registry_forget(connection, watched->serial);
	free(watched);
}

/* Makes the connection's record and has SQLite call us about it. False if that cannot be: then nothing is left behind. */
static bool watch(struct watched *watched, sqlite3 *db)
{
	const struct sqlite *sqlite = watched->copy->sqlite;
	bool traces = take_trace_slot(watched, db);
	struct connection *connection =
		connection_open_behind(sqlite, db, "embedded copy", traces && sqlite->blob_open && sqlite->blob_close);

	watched->connection = connection;
	if (connection) {
		watched->serial = connection->serial;
		if (sqlite->create_collation_v2(db, collation_name, SQLITE_UTF8, watched, collate, ended) == SQLITE_OK) {
			if (connection->off && traces)
				sqlite->trace_v2(db, watched->theirs.mask, watched->theirs.trace_v2, watched->theirs.argument);
			if (connection->gate && traces && !connection->shared_cache) {
				connection->gate->reader_argument = watched;
				connection->gate->reader = keep_trace_slot;
			}
			return true;
		}
		registry_forget(connection, watched->serial);
	}
	if (traces)
		sqlite->trace_v2(db, watched->theirs.mask, watched->theirs.trace_v2, watched->theirs.argument);
	return false;
}

/* The program has entries of its own (sqlite3_auto_extension), which may have filled the slots before we came. */
static void watch_politely(struct watched *watched, sqlite3 *db)
{
	const struct sqlite *sqlite = watched->copy->sqlite;
	struct authorizer_slot authorizer = {NULL, NULL};
	struct busy_slot busy = {.handler = NULL};

	slot_read_authorizer(watched->slots, db, &authorizer);
	slot_read_busy(watched->slots->busy, db, &busy);
	if (authorizer.authorizer)
		sqlite->set_authorizer(db, NULL, NULL);
	watched->inside = true;
	if (watch(watched, db)) {
		if (busy.handler && !watched->connection->off) {
			sqlite->busy_handler(db, busy.handler, busy.argument);
			if (busy.handler == watched->slots->busy->stock)
				decision_busy_timeout(watched->connection, busy.timeout);
			else
				decision_found_busy_handler(watched->connection, busy.handler, busy.argument);
		}
		program_opened(watched->connection);
		watched->inside = false;
	} else {
		free(watched);
	}
	if (authorizer.authorizer)
		sqlite->set_authorizer(db, authorizer.authorizer, authorizer.argument);
}

void watch_connection(struct copy *copy, sqlite3 *db)
{
	struct watched *watched = calloc(1, sizeof(*watched));

	if (!watched)
		return;
	watched->copy = copy;
	watched->slots = copy_slots(copy, db);
	watch_politely(watched, db);
}
