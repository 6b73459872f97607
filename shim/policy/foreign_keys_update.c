/* foreign_keys_update.c - the tables and columns. */
#include "policy/foreign_keys_update.h"

#include "policy/foreign_keys_harm.h"
#include "policy/foreign_keys_watch.h"
#include "sqlite/schema_stamp.h"

#include <stdlib.h>
#include <string.h>

#define TABLES 8
#define NAMES 256

struct known_update {
	char schema[64], table[WATCH_NAME];
	char columns[NAMES]; /* one after the other, each with its NUL */
	size_t length;
};

struct known_updates {
	struct schema_stamp stamp;
	unsigned count, next; /* of the tables; the one that makes place */
	struct known_update tables[TABLES];
};

void foreign_keys_update_begin(struct connection *connection)
{
	if (!connection->foreign_keys.updates)
		connection->foreign_keys.updates = calloc(1, sizeof(*connection->foreign_keys.updates));
}

void foreign_keys_update_forget(struct connection *connection)
{
	struct known_updates *updates = connection->foreign_keys.updates;

	if (updates)
		memset(updates, 0, sizeof(*updates));
}

bool foreign_keys_update_before(struct connection *connection, struct schema_stamp *stamp)
{
	return foreign_keys_harm_wants(connection) && connection->foreign_keys.updates &&
	       foreign_keys_harm_stamp(connection, stamp);
}

static bool is_of(const struct known_update *known, const char *schema, const char *table)
{
	return strcmp(known->table, table) == 0 && strcmp(known->schema, schema ? schema : "") == 0;
}

unsigned foreign_keys_update_find(const struct connection *connection, const char *schema, const char *table)
{
	const struct known_updates *updates = connection->foreign_keys.updates;

	for (unsigned i = 0; updates && i < updates->count; i++)
		if (is_of(&updates->tables[i], schema, table))
			return i + 1;
	return 0;
}

static bool sets(const struct known_update *known, const char *column)
{
	const char *at = known->columns, *end = at + known->length;

	while (at < end && strcmp(at, column) != 0)
		at += strlen(at) + 1;
	return at < end;
}

bool foreign_keys_update_sets(const struct connection *connection, unsigned known, const char *column)
{
	return sets(&connection->foreign_keys.updates->tables[known - 1], column);
}

/* The table's entry, or a new one without columns; NULL if its names are too long. */
static struct known_update *make(struct known_updates *updates, const char *schema, const char *table)
{
	struct known_update *known;

	for (unsigned i = 0; i < updates->count; i++)
		if (is_of(&updates->tables[i], schema, table))
			return &updates->tables[i];
	if (strlen(table) >= sizeof(known->table) || strlen(schema ? schema : "") >= sizeof(known->schema))
		return NULL;
	known = &updates->tables[updates->next];
	updates->next = (updates->next + 1) % TABLES;
	updates->count += updates->count < TABLES;
	memset(known, 0, sizeof(*known));
	strcpy(known->table, table);
	strcpy(known->schema, schema ? schema : "");
	return known;
}

static void add(struct known_update *known, const char *column)
{
	size_t size = strlen(column) + 1;

	if (sets(known, column) || known->length + size > sizeof(known->columns))
		return;
	memcpy(known->columns + known->length, column, size);
	known->length += size;
}

void foreign_keys_update_after(struct connection *connection, const struct schema_stamp *stamp,
			       const struct foreign_key_watch *watch)
{
	struct known_updates *updates = connection->foreign_keys.updates;
	struct known_update *known;
	struct schema_stamp now;

	if (!updates || !foreign_keys_harm_stamp(connection, &now) || !schema_stamp_is(&now, stamp))
		return;
	if (!schema_stamp_is(&now, &updates->stamp))
		foreign_keys_update_forget(connection);
	updates->stamp = now;
	for (unsigned i = 0; i < watch->count; i++) {
		known = make(updates, watch->writes[i].schema, watch->writes[i].table);
		if (known)
			add(known, watch->writes[i].column);
	}
}

bool foreign_keys_update_holds(const struct connection *connection)
{
	const struct known_updates *updates = connection->foreign_keys.updates;
	struct schema_stamp now;

	return updates && updates->count && foreign_keys_harm_stamp(connection, &now) && schema_stamp_is(&now, &updates->stamp);
}

bool foreign_keys_update_is_known(const struct connection *connection, const struct foreign_key_watch *watch)
{
	for (unsigned i = 0; i < watch->count; i++) {
		const struct watched_write *write = &watch->writes[i];
		unsigned known = foreign_keys_update_find(connection, write->schema, write->table);

		if (!known || !foreign_keys_update_sets(connection, known, write->column))
			return false;
	}
	return watch->count && !watch->overflown && foreign_keys_update_holds(connection);
}
