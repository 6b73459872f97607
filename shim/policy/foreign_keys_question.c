/* foreign_keys_question.c - judges a watched statement, by compiling statements of ours. */
#include "connection/pragma.h"
#include "policy/foreign_keys.h"
#include "policy/foreign_keys_bytecode.h"
#include "policy/foreign_keys_watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A name as SQL has it between quotes, at the end of the text. */
static void append_name(char *text, size_t size, const char *name)
{
	size_t n = strlen(text);

	if (n + 3 > size)
		return;
	text[n++] = '"';
	for (; *name && n + 4 < size; name++) {
		if (*name == '"')
			text[n++] = '"';
		text[n++] = *name;
	}
	text[n++] = '"';
	text[n] = '\0';
}

/* A text to be freed that begins with these words and the table's name; NULL if memory is out. room: for what is appended. */
static char *text_about(const char *words, const struct watched_write *write, size_t room)
{
	size_t size = strlen(words) + 2 * strlen(write->table) + (write->schema ? 2 * strlen(write->schema) : 0) + room + 16;
	char *text = malloc(size);

	if (!text)
		return NULL;
	snprintf(text, size, "%s ", words);
	if (write->schema) {
		append_name(text, size, write->schema);
		strcat(text, ".");
	}
	append_name(text, size, write->table);
	return text;
}

/* The statement with these words after the table's name; NULL if memory is out. */
static char *statement_about(const char *words, const struct watched_write *write, const char *more)
{
	char *text = text_about(words, write, strlen(more));

	return text ? strcat(text, more) : NULL;
}

/* One more column that the UPDATE sets, after these words. room: of the text, from its present end on. */
static void append_set(char *text, size_t room, const char *words, const char *column)
{
	strcat(text, words);
	append_name(text, strlen(text) + room, column);
	strcat(text, "=NULL");
}

/* Compiles a statement of ours, seen by the watch alone. False if SQLite refuses it, or there is no text. */
static bool compile(struct connection *connection, const char *sql, struct foreign_key_watch *watch)
{
	sqlite3_stmt *stmt = NULL;
	int rc;

	if (!sql)
		return false;
	watch->mode = WATCH_PROBE;
	watch_begin(connection, watch);
	rc = connection->sqlite->prepare_v2(connection->db, sql, -1, &stmt, NULL);
	watch_end(connection, watch);
	connection->sqlite->finalize(stmt);
	return rc == SQLITE_OK;
}

/* The UPDATE of all columns that the program's sets, with these words before the table's name. */
static char *update_of(const struct foreign_key_watch *watch, const char *words)
{
	const struct watched_write *first = NULL;
	size_t room = 32;
	char *text;

	for (unsigned i = 0; i < watch->count; i++)
		room += 2 * strlen(watch->writes[i].column) + 16;
	for (unsigned i = 0; i < watch->count; i++) {
		const struct watched_write *write = &watch->writes[i];
		if (!first)
			text = text_about(words, write, room);
		if (!text)
			return NULL;
		append_set(text, room, first ? "," : " SET ", write->column);
		first = write;
	}
	return first ? text : NULL;
}

/* Does the first statement set off more than the second, or read more because of foreign keys? True if one of them cannot be
 * compiled.
 */
static bool fires_more(struct connection *connection, const char *replacing, const char *aborting)
{
	struct foreign_key_watch more = {.verb = WRITE_UPDATE, .mode = WATCH_PROBE},
				 less = {.verb = WRITE_UPDATE, .mode = WATCH_PROBE};

	return !compile(connection, replacing, &more) || !compile(connection, aborting, &less) ||
	       watch_count_actions(&more, 0) != watch_count_actions(&less, 0) || more.reads != less.reads;
}

static bool update_fires_more(struct connection *connection, const struct foreign_key_watch *watch)
{
	char *replacing = update_of(watch, "UPDATE"), *aborting = update_of(watch, "UPDATE OR ABORT");
	bool more = watch->overflown || fires_more(connection, replacing, aborting);

	free(replacing);
	free(aborting);
	return more;
}

/* A name as a literal. Does not fit: "". */
static void quote(char *out, size_t size, const char *name)
{
	size_t n = 0;

	*out = '\0';
	if (2 * strlen(name) + 3 > size)
		return;
	out[n++] = '\'';
	for (; *name; name++) {
		if (*name == '\'')
			out[n++] = '\'';
		out[n++] = *name;
	}
	out[n++] = '\'';
	out[n] = '\0';
}

/* Does it write to a table that references itself? */
static bool writes_to_itself(struct connection *connection, const struct foreign_key_watch *watch)
{
	char table[2 * WATCH_NAME + 3], sql[640], answer[8];

	quote(table, sizeof(table), watch->table);
	snprintf(sql, sizeof(sql), "SELECT count(*)>0 FROM pragma_foreign_key_list(%s) WHERE \"table\"=%s COLLATE NOCASE", table,
		 table);
	return pragma_run(connection, sql, answer, sizeof(answer)) != SQLITE_OK || strcmp(answer, "1") == 0;
}

/* Does the bytecode call an action by anything else than the DELETE or UPDATE itself, or fail on its own row? */
static bool does_harm(struct connection *connection, const struct foreign_key_watch *watch, const struct key_bytecode *bytecode)
{
	if (bytecode->rechecks_wrongly)
		return true;
	if (bytecode->counts_orphans && watch_may_miscount(connection, watch) && writes_to_itself(connection, watch))
		return true;
	if (watch->verb == WRITE_INSERT || watch->replaces)
		return bytecode->by_statement || bytecode->by_triggers;
	if (bytecode->by_triggers || (watch_has_actions(watch) && watch->by_triggers && !bytecode->has_triggers))
		return true;
	return watch->verb == WRITE_UPDATE && bytecode->by_statement && update_fires_more(connection, watch);
}

bool watch_drops_related(struct connection *connection, const struct foreign_key_watch *watch)
{
	struct watched_write write = {watch->schema, watch->table, NULL};
	struct foreign_key_watch delete = {.verb = WRITE_DELETE};
	char *text = *watch->table ? statement_about("DELETE FROM", &write, "") : NULL;
	bool related = !text || !compile(connection, text, &delete) || delete.reads;

	free(text);
	return related;
}

bool watch_is_harmful(struct connection *connection, const struct foreign_key_watch *watch, const struct sql_text *text,
		      const struct statement *statement, bool *interrupted)
{
	bool acts = watch_has_actions(watch),
	     may_fail = watch_may_recheck(connection, watch) || watch_may_miscount(connection, watch);
	struct key_bytecode bytecode;
	int rc;

	if (!acts && !may_fail)
		return false;
	if (watch_is_harmful_for_certain(watch))
		return true;
	if (watch->verb == WRITE_DELETE && !watch->by_triggers)
		return false;
	if (watch->verb == WRITE_UPDATE && !watch->replaces && !watch->by_triggers && !watch->overflown &&
	    !watch_may_miscount(connection, watch))
		return update_fires_more(connection, watch);
	rc = foreign_keys_read_bytecode(connection, text, statement, &bytecode);
	*interrupted = (rc & 0xff) == SQLITE_INTERRUPT;
	return rc != SQLITE_OK || does_harm(connection, watch, &bytecode);
}

/* Has the second table all the foreign keys that the first has? */
static bool has_keys_of(struct connection *connection, const char *table, const char *source)
{
	char first[2 * WATCH_NAME + 3], second[2 * WATCH_NAME + 3], sql[1024], answer[8];

	quote(first, sizeof(first), table);
	quote(second, sizeof(second), source);
	snprintf(sql, sizeof(sql),
		 "SELECT NOT EXISTS(SELECT \"table\",\"to\" FROM pragma_foreign_key_list(%s) EXCEPT SELECT \"table\",\"to\" FROM "
		 "pragma_foreign_key_list(%s))",
		 first, second);
	return pragma_run(connection, sql, answer, sizeof(answer)) == SQLITE_OK && strcmp(answer, "1") == 0;
}

bool watch_copies_rows(struct connection *connection, const char *sql)
{
	char sources[WATCH_SOURCES][WATCH_NAME];
	struct foreign_key_watch watch = {.verb = WRITE_INSERT, .sources = sources};
	bool was_on = foreign_keys_is_switched_on(connection), copies = false, compiled;

	/* with foreign keys it reads the parent, too, which may be a table like these */
	foreign_keys_switch(connection, false);
	compiled = compile(connection, sql, &watch);
	foreign_keys_switch(connection, was_on);
	if (!compiled || !*watch.table)
		return false;
	for (unsigned i = 0; i < watch.source_count && !copies; i++)
		copies = strcmp(sources[i], watch.table) != 0 && has_keys_of(connection, watch.table, sources[i]);
	return copies;
}
