/* embedded_statement.h - reads statements of embedded copies, which are seen only when they run.
 *
 * SQLite reads the clock twice for each statement whose end it shows (SQLITE_TRACE_PROFILE). So ends are shown only until all
 * settings are applied, and where the operator wants what has to be done at once. From then on the connection is quiet: of nearly
 * all statements the start is seen to be one of no matter, by their first letter; BEGIN is read as it starts; and what has to be
 * read once it has ended is read when the next one starts.
 *
 * Called from the trace callback, with the connection's mutex held. */
#ifndef SQLPROD_EMBEDDED_EMBEDDED_STATEMENT_H
#define SQLPROD_EMBEDDED_EMBEDDED_STATEMENT_H

#include "connection/connection.h"
#include "sqlite/busy_offsets.h"
#include "sqlite/callbacks.h"
#include "sqlite/copy.h"
#include "sqlite/probe.h"

#include <stdint.h>
#include <string.h>

/* The argument of our callbacks, which SQLite keeps until the connection ends. */
struct embedded_connection {
	struct connection *connection;
	uint64_t serial; /* of that record */
	struct copy *copy;
	const struct callback_offsets *offsets;
	struct trace_callback theirs; /* the program's trace callback, which ours calls */
	bool closing;                 /* sqlite3_close() has begun, and no ATTACH since */
	bool has_collation;           /* its end shows by a collation that goes with the connection */
	bool inside;                  /* a callback of ours is running statements */
	const char *lost; /* the upgrade rolled the program's transaction back: the statement that begins it again, or "" */
	bool outermost;   /* the statement that started last did so outside of a transaction */

	bool quiet; /* ends of statements are not shown */
	enum {
		PASSES_NOT,
		PASSES_UNCHANGED,
		PASSES_OURS
	} passes;                           /* ... and nothing is due at the start of the next one, if the
					     * busy callback is still the same, or ours */
	struct pair busy;                   /* the busy callback as the last look found it, ... */
	int busy_timeout;                   /* ... and its timeout */
	bool busy_is_ours;                  /* ... which do not change without it */
	const void *busy_now, *timeout_now; /* where the connection keeps these; here where that is not known, or before a look */
	char *unread;                       /* while quiet: a statement that started and is to be read; NULL if there is none */
	sqlite3_stmt *running;              /* ... that statement; perhaps finalized since */
	bool hides;                         /* statements are not shown: nested_statements.h */
	unsigned files_opened;              /* ... embedded_files_opened() as it was before */
	sqlite3_stmt *attaching;            /* an ATTACH that started, and whose file is to be looked at; perhaps finalized since */
};

/* Is the busy callback the function that was seen last? */
static inline bool embedded_has_busy_callback(const struct embedded_connection *embedded)
{
	return memcmp(embedded->busy_now, &embedded->busy.callback, sizeof(embedded->busy.callback)) == 0;
}

/* Is it as it was seen last? No program sets ours. */
static inline bool embedded_has_seen_busy(const struct embedded_connection *embedded)
{
	struct pair now;
	int timeout;

	if (embedded->busy_is_ours)
		return embedded_has_busy_callback(embedded);
	memcpy(&now, embedded->busy_now, sizeof(now));
	memcpy(&timeout, embedded->timeout_now, sizeof(timeout));
	return now.callback == embedded->busy.callback && now.argument == embedded->busy.argument &&
	       timeout == embedded->busy_timeout;
}

/* Does the text begin with SE, in any case? It has two bytes at least, one of which may be its NUL. */
static inline bool embedded_is_select(const char *sql)
{
	static const char begin[2] = {'s', 'e'}, fold[2] = {0x20, 0x20};
	uint16_t text, wanted, bits;

	memcpy(&text, sql, sizeof(text));
	memcpy(&wanted, begin, sizeof(wanted));
	memcpy(&bits, fold, sizeof(bits));
	return (text | bits) == wanted;
}

/* Does it not matter that a statement starts, which is shown with this text? The first knows SELECT only, and calls nothing. */
static inline bool embedded_select_passes(const struct embedded_connection *embedded, const char *sql)
{
	if (__builtin_expect(embedded->passes == PASSES_OURS, 1))
		return embedded_is_select(sql) && !connection_reads(embedded->connection, LETTER_NUMBER('s')) &&
		       embedded_has_busy_callback(embedded);
	return embedded->passes && embedded_is_select(sql) && !connection_reads(embedded->connection, LETTER_NUMBER('s')) &&
	       embedded_has_seen_busy(embedded);
}
bool embedded_statement_passes(const struct embedded_connection *embedded, sqlite3_stmt *stmt, const char *sql);

/* A statement of the program starts, with its own text, or NULL; is_nested: a trigger of it may have, instead. If its transaction
 * is gone it is interrupted before it has done anything. */
void embedded_statement_begins(struct embedded_connection *embedded, sqlite3_stmt *stmt, const char *sql, bool is_nested);

/* The statement has ended: applies settings that are due, takes the write lock for its BEGIN, overrides its PRAGMA. No error of
 * ours is left in the connection. */
void embedded_statement_ended(struct embedded_connection *embedded, sqlite3_stmt *stmt);

/* A PRAGMA begins to be compiled, which may answer at once. Returns its answer if SQLite is not to compile it; else NULL. */
const char *embedded_statement_pragma(void *embedded, const char *name, char *value);

/* Reads what is still to be read: the connection is being closed. */
void embedded_statement_last(struct embedded_connection *embedded);

/* Forgets it: the connection has ended. */
void embedded_statement_forget(struct embedded_connection *embedded);

/* Can the connection do without the ends of statements? The one given has ended. */
bool embedded_statement_may_be_quiet(const struct embedded_connection *embedded, sqlite3_stmt *stmt);

#endif
