/* foreign_keys_question.c - judges a watched statement, by compiling statements of ours. */
#include "connection/pragma.h"
#include "policy/foreign_keys_bytecode.h"
#include "policy/foreign_keys_update.h"
#include "policy/foreign_keys_watch.h"
#include "sqlite/schema_stamp.h"

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

/* The same of a plain UPDATE that sets off actions of its own, or is what is known already. */
static bool plain_update_fires_more(struct connection *connection, const struct foreign_key_watch *watch)
{
	struct schema_stamp stamp;
	bool may_keep, more;

	if (foreign_keys_update_is_known(connection, watch))
		return false;
	may_keep = foreign_keys_update_before(connection, &stamp);
	more = update_fires_more(connection, watch);
	if (!more && may_keep)
		foreign_keys_update_after(connection, &stamp, watch);
	return more;
}

/* This PRAGMA of the table, to be finalized; NULL if SQLite does not tell. It calls nothing that a program can redefine, as it
 * could a function or a collation. */
static sqlite3_stmt *pragma_of(struct connection *connection, const char *pragma, const struct watched_source *table)
{
	struct watched_write of = {*table->schema ? table->schema : NULL, pragma, NULL};
	char name[2 * WATCH_NAME + 8] = "(";
	sqlite3_stmt *list = NULL;
	char *text;

	append_name(name, sizeof(name) - 1, table->table);
	text = statement_about("PRAGMA", &of, strcat(name, ")"));
	if (text)
		connection->sqlite->prepare_v2(connection->db, text, -1, &list, NULL);
	free(text);
	return list;
}

/* The columns of PRAGMA foreign_key_list which matter here. */
enum { PARENT = 2, FROM = 3, TO = 4 };

/* Does the table have this key, and was it read? */
static bool has_key(struct connection *connection, const struct watched_source *of, const char *parent, const char *to)
{
	const struct sqlite *sqlite = connection->sqlite;
	sqlite3_stmt *list = pragma_of(connection, "foreign_key_list", of);
	bool found = false;

	while (!found && list && sqlite->step(list) == SQLITE_ROW) {
		const char *other = (const char *)sqlite->column_text(list, PARENT);
		const char *from = (const char *)sqlite->column_text(list, FROM);
		const char *column = (const char *)sqlite->column_text(list, TO);

		/* one that names no column means the primary key */
		found = other && from && (of->columns & watch_bit_of_column(from)) && strcasecmp(other, parent) == 0 &&
			(!column || !to || strcasecmp(column, to) == 0);
	}
	sqlite->finalize(list);
	return found;
}

/* Is there a key of the table that is wanted by this function? True if SQLite does not tell. */
static bool any_key(struct connection *connection, const struct watched_source *of, const struct watched_source *other,
		    bool (*wanted)(struct connection *, const struct watched_source *, const char *, const char *))
{
	const struct sqlite *sqlite = connection->sqlite;
	bool inside = !sqlite->get_autocommit(connection->db), found = false;
	int rc = SQLITE_ERROR;
	sqlite3_stmt *list;

	callbacks_suspend(connection);
	list = pragma_of(connection, "foreign_key_list", of);
	while (!found && list && (rc = sqlite->step(list)) == SQLITE_ROW) {
		const char *parent = (const char *)sqlite->column_text(list, PARENT);

		found = !parent || wanted(connection, other, parent, (const char *)sqlite->column_text(list, TO));
	}
	pragma_finish(connection, list, inside);
	callbacks_resume(connection);
	return found || rc != SQLITE_DONE;
}

static bool is_to(struct connection *connection, const struct watched_source *table, const char *parent, const char *to)
{
	(void)connection;
	(void)to;
	return strcasecmp(parent, table->table) == 0;
}

static bool is_missing(struct connection *connection, const struct watched_source *source, const char *parent, const char *to)
{
	return !has_key(connection, source, parent, to);
}

static struct watched_source written(const struct foreign_key_watch *watch)
{
	struct watched_source table = {.columns = 0};

	memcpy(table.schema, watch->schema, sizeof(table.schema));
	memcpy(table.table, watch->table, sizeof(table.table));
	return table;
}

/* Does it write to a table that references itself? True in doubt. */
static bool writes_to_itself(struct connection *connection, const struct foreign_key_watch *watch)
{
	struct watched_source table = written(watch);

	return any_key(connection, &table, &table, is_to);
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
		return plain_update_fires_more(connection, watch);
	rc = foreign_keys_read_bytecode(connection, text, statement, &bytecode);
	*interrupted = (rc & 0xff) == SQLITE_INTERRUPT;
	return rc != SQLITE_OK || does_harm(connection, watch, &bytecode);
}

/* Is it another table that has all the foreign keys of the first, and were they read? For the check a parent is read, too, which
 * may be a table like these, but not its own foreign keys. */
static bool has_keys_of(struct connection *connection, const struct watched_source *table, const struct watched_source *source)
{
	bool same = strcmp(source->table, table->table) == 0 && strcmp(source->schema, table->schema) == 0;

	return !same && !any_key(connection, table, source, is_missing);
}

/* Are there orphans in the table? True in doubt. */
static bool has_orphans(struct connection *connection, const struct watched_source *table)
{
	bool inside = !connection->sqlite->get_autocommit(connection->db);
	int rc = SQLITE_ERROR;
	sqlite3_stmt *check;

	callbacks_suspend(connection);
	check = pragma_of(connection, "foreign_key_check", table);
	if (check)
		rc = connection->sqlite->step(check);
	pragma_finish(connection, check, inside);
	callbacks_resume(connection);
	return rc != SQLITE_DONE;
}

bool watch_copies_rows(struct connection *connection, const char *sql)
{
	struct watched_source sources[WATCH_SOURCES], table;
	struct foreign_key_watch watch = {.verb = WRITE_INSERT, .sources = sources};
	bool copies = false;

	if (!compile(connection, sql, &watch) || !*watch.table)
		return false;
	table = written(&watch);
	for (unsigned i = 0; i < watch.source_count && !copies; i++)
		copies = has_keys_of(connection, &table, &sources[i]) && has_orphans(connection, &sources[i]);
	return copies;
}
