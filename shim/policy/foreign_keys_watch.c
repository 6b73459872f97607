/* foreign_keys_watch.c - tells the foreign key actions of a compile from what the program wrote. */
#include "policy/foreign_keys_watch.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void watch_begin(struct connection *connection, struct foreign_key_watch *watch)
{
	watch->outer = connection->foreign_keys.watch;
	connection->foreign_keys.watch = watch;
}

void watch_end(struct connection *connection, struct foreign_key_watch *watch)
{
	connection->foreign_keys.watch = watch->outer;
}

bool watch_is_internal(const char *table)
{
	return !table || strncasecmp(table, "sqlite_", 7) == 0;
}

static bool is_same(const char *one, const char *other)
{
	return one == other || (one && other && strcmp(one, other) == 0);
}

static void record(struct foreign_key_watch *watch, const struct watched_write *write)
{
	for (unsigned i = 0; i < watch->count; i++)
		if (watch->writes[i].action == write->action && watch->writes[i].by_trigger == write->by_trigger &&
		    is_same(watch->writes[i].table, write->table) && is_same(watch->writes[i].column, write->column) &&
		    is_same(watch->writes[i].schema, write->schema))
			return;
	watch->by_triggers += write->by_trigger;
	if (watch->count == WATCH_WRITES)
		watch->overflown = true;
	else
		watch->writes[watch->count++] = *write;
}

static void see_update(struct foreign_key_watch *watch, const struct watched_write *write)
{
	if (!watch->table && watch->verb == WRITE_UPDATE)
		watch->table = write->table;
	if (!is_same(watch->table, write->table)) {
		watch->others++;
		return;
	}
	watch->has_updated_after_read |= watch->has_read;
	if (watch->verb == WRITE_INSERT)
		watch->has_read = false;
	watch->updates++;
	record(watch, write);
}

void watch_see(struct foreign_key_watch *watch, int action, const char *first, const char *second, const char *schema,
	       const char *trigger)
{
	struct watched_write write = {action, schema, first, action == SQLITE_UPDATE ? second : NULL, trigger != NULL};

	if (watch->mode == WATCH_NOTHING || watch_is_internal(first))
		return;
	watch->reads += action == SQLITE_READ;
	if (action == SQLITE_DROP_TABLE || action == SQLITE_DROP_TEMP_TABLE) {
		watch->table = first;
		watch->schema = schema;
	} else if (action == SQLITE_READ) {
		if (!trigger && watch->updates && is_same(watch->table, first))
			watch->has_read = true;
	} else if (trigger) {
		record(watch, &write);
	} else if (action == SQLITE_UPDATE) {
		see_update(watch, &write);
	} else {
		if (!watch->table)
			watch->table = first;
		watch->deletes += action == SQLITE_DELETE;
	}
}

/* How many of what it saw are actions. own: of the columns that an UPDATE sets. */
static unsigned actions_of(const struct foreign_key_watch *watch, unsigned own)
{
	unsigned updates = watch->updates > own ? watch->updates - own : 0;

	if (watch->verb == WRITE_DELETE)
		return watch->deletes - (watch->deletes > 0) + watch->others + watch->updates;
	return watch->deletes + watch->others + updates;
}

/* May UPDATEs of its table be actions? What a trigger deletes can set one off, too. */
static bool is_in_doubt(const struct foreign_key_watch *watch)
{
	if (watch->verb == WRITE_INSERT)
		return watch->updates && (watch->has_read || watch->by_triggers);
	return watch->has_updated_after_read;
}

bool watch_has_actions(const struct foreign_key_watch *watch)
{
	return actions_of(watch, watch->updates) > 0 || is_in_doubt(watch);
}

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

/* UPDATE of that column alone. */
static char *plain_update(const struct watched_write *write)
{
	size_t room = 2 * strlen(write->column) + 32;
	char *text = text_about("UPDATE", write, room);

	if (!text)
		return NULL;
	strcat(text, " SET ");
	append_name(text, strlen(text) + room, write->column);
	return strcat(text, "=NULL");
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

static enum write_verb verb_of(int action)
{
	return action == SQLITE_DELETE ? WRITE_DELETE : WRITE_UPDATE;
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
	return actions_of(&watch, 1) > 0 ? FIRES : FIRES_NOTHING;
}

/* Could a trigger's write set an action off? Any INSERT could replace. */
static bool fires(struct connection *connection, const struct watched_write *write)
{
	enum answer answer;

	if (write->action == SQLITE_UPDATE)
		return ask(connection, plain_update(write), WRITE_UPDATE) != FIRES_NOTHING;
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
		strcat(text, first ? "," : " SET ");
		append_name(text, strlen(text) + room, write->column);
		strcat(text, "=NULL");
		first = write;
	}
	return first ? text : NULL;
}

/* Does the first statement set off more than the second? True if one of them cannot be compiled. */
static bool fires_more(struct connection *connection, const char *replacing, const char *aborting)
{
	struct foreign_key_watch more = {.verb = WRITE_UPDATE}, less = {.verb = WRITE_UPDATE};

	return !compile(connection, replacing, &more) || !compile(connection, aborting, &less) ||
	       actions_of(&more, 0) != actions_of(&less, 0);
}

/* Copies of what a watch holds of SQLite's: our own statements may have the schema read again. */
struct writes {
	struct watched_write write[WATCH_WRITES];
	unsigned count;
	char *replacing, *aborting; /* for an UPDATE */
};

static char *copy_of(const char *name)
{
	return name ? strdup(name) : NULL;
}

static void writes_copy(const struct foreign_key_watch *watch, struct writes *writes)
{
	writes->count = 0;
	for (unsigned i = 0; i < watch->count; i++) {
		const struct watched_write *write = &watch->writes[i];
		if (write->by_trigger)
			writes->write[writes->count++] = (struct watched_write){
				write->action, copy_of(write->schema), copy_of(write->table), copy_of(write->column), true};
	}
	writes->replacing = watch->verb == WRITE_UPDATE ? update_of(watch, "UPDATE") : NULL;
	writes->aborting = watch->verb == WRITE_UPDATE ? update_of(watch, "UPDATE OR ABORT") : NULL;
}

static bool any_fires(struct connection *connection, const struct foreign_key_watch *watch, const struct writes *writes)
{
	bool found = false;

	for (unsigned i = 0; i < writes->count && !found; i++)
		found = !writes->write[i].table || (writes->write[i].action == SQLITE_UPDATE && !writes->write[i].column) ||
			fires(connection, &writes->write[i]);
	if (!found && watch->verb == WRITE_UPDATE)
		found = fires_more(connection, writes->replacing, writes->aborting);
	return found;
}

static void writes_free(struct writes *writes)
{
	for (unsigned i = 0; i < writes->count; i++) {
		free((void *)(uintptr_t)writes->write[i].schema);
		free((void *)(uintptr_t)writes->write[i].table);
		free((void *)(uintptr_t)writes->write[i].column);
	}
	free(writes->replacing);
	free(writes->aborting);
}

/* There are actions. Are they all due to the statement's own DELETE or UPDATE? */
static bool is_due_to_another(struct connection *connection, const struct foreign_key_watch *watch, bool replaces)
{
	struct writes *writes;
	bool harmful;

	if (watch->verb == WRITE_INSERT || watch->verb == WRITE_OTHER || replaces || watch->overflown)
		return true;
	if (watch->verb == WRITE_DELETE && watch->by_triggers == 0)
		return false;
	writes = malloc(sizeof(*writes));
	if (!writes)
		return true;
	writes_copy(watch, writes);
	harmful = any_fires(connection, watch, writes);
	writes_free(writes);
	free(writes);
	return harmful;
}

bool watch_drops_related(struct connection *connection, const struct foreign_key_watch *watch)
{
	struct watched_write write = {SQLITE_DELETE, watch->schema, watch->table, NULL, false};
	struct foreign_key_watch delete = {.verb = WRITE_DELETE};
	char *text = watch->table ? statement_about("DELETE FROM", &write, "") : NULL;
	bool related = !text || !compile(connection, text, &delete) || delete.reads;

	free(text);
	return related;
}

bool watch_is_harmful(struct connection *connection, const struct foreign_key_watch *watch, bool replaces,
		      bool (*again)(void *argument, struct foreign_key_watch *watch), void *argument)
{
	struct foreign_key_watch without;
	unsigned own = watch->updates;

	if (is_in_doubt(watch) && actions_of(watch, own) == 0) {
		watch_init(&without, watch->verb);
		without.mode = WATCH_PROBE;
		if (!again(argument, &without))
			return true;
		own = without.updates;
	}
	return actions_of(watch, own) > 0 && is_due_to_another(connection, watch, replaces);
}

/* Would a kept UPDATE OR REPLACE of the column set off more than the plain one? */
static bool replacing_fires(struct connection *connection, const struct foreign_key_watch *update)
{
	char *replacing = update_of(update, "UPDATE OR REPLACE"), *aborting = update_of(update, "UPDATE OR ABORT");
	bool fires = fires_more(connection, replacing, aborting);

	free(replacing);
	free(aborting);
	return fires;
}

/* An INSERT of which is not known whether it replaces, but that it may. Given a rowid it can meet a row that has it. */
static bool insert_is_harmful(struct connection *connection, const struct watched_write *write, bool replaces)
{
	const char *words = replaces ? "INSERT OR REPLACE INTO" : "INSERT INTO";

	if (ask(connection, statement_about(words, write, " DEFAULT VALUES"), WRITE_INSERT) != FIRES_NOTHING)
		return true;
	if (ask(connection, statement_about("DELETE FROM", write, ""), WRITE_DELETE) == FIRES_NOTHING)
		return false;
	return replaces || ask(connection, statement_about(words, write, "(rowid)VALUES(1)"), WRITE_INSERT) != FIRES_NOTHING;
}

bool watch_would_be_harmful(struct connection *connection, const struct watched_write *write, bool replaces)
{
	struct foreign_key_watch watch = {.verb = verb_of(write->action)};
	struct foreign_key_watch update = {.verb = WRITE_UPDATE, .writes = {*write}, .count = 1};
	bool harmful;
	char *text;

	if (write->action == SQLITE_INSERT)
		return insert_is_harmful(connection, write, replaces);
	text = write->action == SQLITE_DELETE ? statement_about("DELETE FROM", write, "") : plain_update(write);
	harmful = !compile(connection, text, &watch);
	free(text);
	if (!harmful && actions_of(&watch, 1) > 0)
		harmful = is_due_to_another(connection, &watch, false);
	if (!harmful && replaces && write->action == SQLITE_UPDATE)
		harmful = replacing_fires(connection, &update);
	return harmful;
}
