/* foreign_keys_question.c - judges a watched statement, by compiling statements of ours. */
#include "policy/foreign_keys_watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

/* UPDATE of that column alone, with these words before the table's name. */
static char *update_alone(const struct watched_write *write, const char *words)
{
	size_t room = 2 * strlen(write->column) + 32;
	char *text = text_about(words, write, room);

	if (text)
		append_set(text, room, " SET ", write->column);
	return text;
}

/* Compiles if the column is unique by itself. */
static char *upsert_of(const struct watched_write *write)
{
	size_t room = 4 * strlen(write->column) + 64;
	char *text = text_about("INSERT INTO", write, room);

	if (!text)
		return NULL;
	strcat(text, "(");
	append_name(text, strlen(text) + room, write->column);
	strcat(text, ") VALUES(NULL) ON CONFLICT(");
	append_name(text, strlen(text) + room, write->column);
	return strcat(text, ") DO NOTHING");
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

enum answer { FIRES_NOTHING, FIRES, REFUSED };

/* Does this statement of ours set an action off? */
static enum answer ask(struct connection *connection, char *sql, enum write_verb verb)
{
	struct foreign_key_watch watch = {.verb = verb};
	bool ok = compile(connection, sql, &watch);

	free(sql);
	if (!ok)
		return REFUSED;
	return watch_count_actions(&watch, 1) > 0 ? FIRES : FIRES_NOTHING;
}

/* Could an UPDATE of a trigger set an action off? It may be OR REPLACE, which deletes rows where the column is unique; on the
 * statement's own table it is taken for plain, as its actions are looked for there. Upserts came with 3.24: before, any column may
 * be unique. */
static bool update_fires(struct connection *connection, const struct watched_write *write, const char *own_table)
{
	if (ask(connection, update_alone(write, "UPDATE"), WRITE_UPDATE) != FIRES_NOTHING)
		return true;
	if (strcasecmp(write->table, own_table) == 0)
		return false;
	if (sqlite_minor(connection->sqlite) >= 24 && ask(connection, upsert_of(write), WRITE_INSERT) == REFUSED)
		return false;
	return ask(connection, update_alone(write, "UPDATE OR REPLACE"), WRITE_UPDATE) != FIRES_NOTHING;
}

/* Could a trigger's write set an action off? Any INSERT could replace. */
static bool fires(struct connection *connection, const struct watched_write *write, const char *own_table)
{
	enum answer answer;

	if (write->action == SQLITE_UPDATE)
		return update_fires(connection, write, own_table);
	answer = ask(connection, statement_about("DELETE FROM", write, ""), WRITE_DELETE);
	/* a view, perhaps */
	if (answer == REFUSED && write->action == SQLITE_INSERT)
		answer = ask(connection, statement_about("INSERT OR REPLACE INTO", write, " DEFAULT VALUES"), WRITE_INSERT);
	return answer != FIRES_NOTHING;
}

/* The UPDATE of all columns that the program's sets, with these words before the table's name. */
static char *update_of(const struct foreign_key_watch *watch, const char *words)
{
	const struct watched_write *first = NULL;
	size_t room = 32;
	char *text;

	for (unsigned i = 0; i < watch->count; i++)
		if (!watch->writes[i].by_trigger)
			room += 2 * strlen(watch->writes[i].column) + 16;
	for (unsigned i = 0; i < watch->count; i++) {
		const struct watched_write *write = &watch->writes[i];
		if (write->by_trigger)
			continue;
		if (!first)
			text = text_about(words, write, room);
		if (!text)
			return NULL;
		append_set(text, room, first ? "," : " SET ", write->column);
		first = write;
	}
	return first ? text : NULL;
}

/* Does the first statement set off more than the second? True if one of them cannot be compiled. */
static bool fires_more(struct connection *connection, const char *replacing, const char *aborting)
{
	struct foreign_key_watch more = {.verb = WRITE_UPDATE, .mode = WATCH_PROBE},
				 less = {.verb = WRITE_UPDATE, .mode = WATCH_PROBE};

	return !compile(connection, replacing, &more) || !compile(connection, aborting, &less) ||
	       watch_count_actions(&more, 0) != watch_count_actions(&less, 0);
}

static bool update_fires_more(struct connection *connection, const struct foreign_key_watch *watch)
{
	char *replacing = update_of(watch, "UPDATE"), *aborting = update_of(watch, "UPDATE OR ABORT");
	bool more = fires_more(connection, replacing, aborting);

	free(replacing);
	free(aborting);
	return more;
}

/* There are actions. Are they all due to the statement's own DELETE or UPDATE? */
static bool is_due_to_another(struct connection *connection, const struct foreign_key_watch *watch)
{
	if (watch->verb == WRITE_INSERT || watch->verb == WRITE_OTHER || watch->replaces || watch->overflown)
		return true;
	for (unsigned i = 0; i < watch->count; i++)
		if (watch->writes[i].by_trigger && fires(connection, &watch->writes[i], watch->table))
			return true;
	return watch->verb == WRITE_UPDATE && update_fires_more(connection, watch);
}

bool watch_drops_related(struct connection *connection, const struct foreign_key_watch *watch)
{
	struct watched_write write = {SQLITE_DELETE, watch->schema, watch->table, NULL, false};
	struct foreign_key_watch delete = {.verb = WRITE_DELETE};
	char *text = *watch->table ? statement_about("DELETE FROM", &write, "") : NULL;
	bool related = !text || !compile(connection, text, &delete) || delete.reads;

	free(text);
	return related;
}

bool watch_is_harmful(struct connection *connection, const struct foreign_key_watch *watch,
		      bool (*again)(void *argument, struct foreign_key_watch *watch), void *argument)
{
	struct foreign_key_watch without;
	unsigned own = watch->updates;

	if (watch_is_in_doubt(watch) && watch_count_actions(watch, own) == 0) {
		watch_init(&without, watch->verb, watch->replaces);
		without.mode = WATCH_PROBE;
		if (!again(argument, &without))
			return true;
		own = without.updates;
	}
	return watch_count_actions(watch, own) > 0 && is_due_to_another(connection, watch);
}
