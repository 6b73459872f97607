/* foreign_keys_watch.c - tells the foreign key actions of a compile from what the program wrote. */
#include "policy/foreign_keys_watch.h"

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
	watch->updates++;
	record(watch, write);
}

void watch_see(struct foreign_key_watch *watch, int action, const char *first, const char *second, const char *schema,
	       const char *trigger)
{
	struct watched_write write = {action, schema, first, action == SQLITE_UPDATE ? second : NULL, trigger != NULL};

	if (watch->mode == WATCH_NOTHING || watch_is_internal(first))
		return;
	if (action == SQLITE_READ) {
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

/* The plainest statement that does this to the table. An INSERT replaces if asked to. */
static char *plainest(const struct watched_write *write, bool replaces)
{
	size_t room = write->column ? 2 * strlen(write->column) + 32 : 32;
	char *text;

	if (write->action == SQLITE_DELETE)
		return text_about("DELETE FROM", write, 0);
	if (write->action == SQLITE_INSERT) {
		text = text_about(replaces ? "INSERT OR REPLACE INTO" : "INSERT INTO", write, room);
		return text ? strcat(text, " DEFAULT VALUES") : NULL;
	}
	text = text_about("UPDATE", write, room);
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
	return action == SQLITE_DELETE ? WRITE_DELETE : action == SQLITE_UPDATE ? WRITE_UPDATE : WRITE_INSERT;
}

/* Could this set an action off? */
static bool fires(struct connection *connection, const char *sql, enum write_verb verb)
{
	struct foreign_key_watch watch = {.verb = verb};

	return !compile(connection, sql, &watch) || actions_of(&watch, 1) > 0;
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

/* The statements that tell, made while what the watch holds of SQLite's is there. */
struct probes {
	char *text[WATCH_WRITES];
	enum write_verb verb[WATCH_WRITES];
	unsigned count;
	char *replacing, *aborting;
};

static void probes_make(const struct foreign_key_watch *watch, struct probes *probes)
{
	probes->count = 0;
	for (unsigned i = 0; i < watch->count; i++) {
		if (!watch->writes[i].by_trigger)
			continue;
		probes->verb[probes->count] = verb_of(watch->writes[i].action);
		probes->text[probes->count++] = plainest(&watch->writes[i], true);
	}
	probes->replacing = watch->verb == WRITE_UPDATE ? update_of(watch, "UPDATE") : NULL;
	probes->aborting = watch->verb == WRITE_UPDATE ? update_of(watch, "UPDATE OR ABORT") : NULL;
}

static bool probes_tell(struct connection *connection, const struct foreign_key_watch *watch, const struct probes *probes)
{
	bool harmful = false;

	for (unsigned i = 0; i < probes->count && !harmful; i++)
		harmful = fires(connection, probes->text[i], probes->verb[i]);
	if (!harmful && watch->verb == WRITE_UPDATE)
		harmful = fires_more(connection, probes->replacing, probes->aborting);
	return harmful;
}

static void probes_free(struct probes *probes)
{
	for (unsigned i = 0; i < probes->count; i++)
		free(probes->text[i]);
	free(probes->replacing);
	free(probes->aborting);
}

/* There are actions. Are they all due to the statement's own DELETE or UPDATE? */
static bool is_due_to_another(struct connection *connection, const struct foreign_key_watch *watch, bool replaces)
{
	struct probes *probes;
	bool harmful;

	if (watch->verb == WRITE_INSERT || watch->verb == WRITE_OTHER || replaces || watch->overflown)
		return true;
	if (watch->verb == WRITE_DELETE && watch->by_triggers == 0)
		return false;
	probes = malloc(sizeof(*probes));
	if (!probes)
		return true;
	probes_make(watch, probes);
	harmful = probes_tell(connection, watch, probes);
	probes_free(probes);
	free(probes);
	return harmful;
}

bool watch_is_harmful(struct connection *connection, const struct foreign_key_watch *watch, bool replaces,
		      bool (*again)(void *argument, struct foreign_key_watch *watch), void *argument)
{
	struct foreign_key_watch without = {.mode = WATCH_PROBE, .verb = watch->verb};
	unsigned own = watch->updates;

	if (watch->has_updated_after_read && actions_of(watch, own) == 0) {
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

bool watch_would_be_harmful(struct connection *connection, const struct watched_write *write, bool replaces)
{
	struct foreign_key_watch watch = {.verb = verb_of(write->action)};
	struct foreign_key_watch update = {.verb = WRITE_UPDATE, .writes = {*write}, .count = 1};
	char *text = plainest(write, replaces);
	bool harmful = !compile(connection, text, &watch);

	free(text);
	if (!harmful && actions_of(&watch, 1) > 0)
		harmful = is_due_to_another(connection, &watch, false);
	if (!harmful && replaces && write->action == SQLITE_UPDATE)
		harmful = replacing_fires(connection, &update);
	return harmful;
}
