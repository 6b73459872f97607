/* watch.c - the life of a connection behind the second door. */
#include "watch.h"

#include "apply.h"
#include "connection.h"
#include "decision.h"
#include "door.h"
#include "gate.h"
#include "program.h"
#include "registry.h"
#include "report.h"
#include "watch_statement.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char collation_name[] = "sqlprod_end_of_connection";

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
		watch_statement_begins(watched);
	else if (event == SQLITE_TRACE_PROFILE)
		watch_statement_ended(watched, subject);
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
