/* foreign_keys_harm.c - the texts. */
#include "policy/foreign_keys_harm.h"

#include "connection/error_log.h"
#include "locking/file_shim.h"
#include "policy/foreign_keys_update.h"
#include "policy/foreign_keys_watch.h"
#include "sqlite/schema_stamp.h"

#include <stdlib.h>
#include <string.h>

#define TEXTS 4
#define LENGTH 256

struct known {
	char text[LENGTH], table[WATCH_NAME];
	size_t length, whole; /* with the blanks before it */
};

struct known_harm {
	struct schema_stamp stamp;
	unsigned count, next; /* of the texts; the one that makes place */
	struct known texts[TEXTS];
};

/* What this thread has seen last. Another one may use the connection, and change the schemas, before the text is noted. */
static _Thread_local struct {
	const struct connection *connection; /* NULL: nothing that could be noted */
	struct schema_stamp stamp;
} seen;

/* The stamp of a database without a shim may be another's: sqlite3_deserialize() closes the file. */
bool foreign_keys_harm_stamp(const struct connection *connection, struct schema_stamp *stamp)
{
	return file_shim_serves(connection) && !connection->shared_cache && !connection->authorizer.authorizer &&
	       schema_stamp_read(connection->sqlite, connection->db, stamp);
}

void foreign_keys_harm_seen(struct connection *connection, const struct foreign_key_watch *watch)
{
	bool ok = connection->foreign_keys.harm && !watch->by_triggers && foreign_keys_harm_stamp(connection, &seen.stamp);

	seen.connection = ok ? connection : NULL;
}

static void forget(struct connection *connection)
{
	struct known_harm *harm = connection->foreign_keys.harm;

	memset(harm->texts, 0, sizeof(harm->texts));
	harm->count = harm->next = 0;
	atomic_store_explicit(&connection->foreign_keys.harm_lengths, 0, memory_order_relaxed);
}

static bool is_short(const struct sql_text *text, size_t start)
{
	return !text->wide && text->length - start < LENGTH;
}

static void keep(struct connection *connection, const struct sql_text *text, size_t start, const char *table)
{
	struct known_harm *harm = connection->foreign_keys.harm;
	struct known *known = &harm->texts[harm->next];
	uint64_t lengths = 0;

	harm->next = (harm->next + 1) % TEXTS;
	harm->count += harm->count < TEXTS;
	memset(known, 0, sizeof(*known));
	known->whole = text->length;
	known->length = text->length - start;
	memcpy(known->text, (const char *)text->units + start, known->length);
	memcpy(known->table, table, strnlen(table, sizeof(known->table) - 1));
	for (unsigned i = 0; i < harm->count; i++)
		lengths |= foreign_keys_harm_bit(harm->texts[i].whole);
	atomic_store_explicit(&connection->foreign_keys.harm_lengths, lengths, memory_order_relaxed);
}

bool foreign_keys_harm_wants(struct connection *connection)
{
	struct foreign_keys *keys = &connection->foreign_keys;

	keys->harm_wanted = !keys->harm && !keys->harm_ended;
	return keys->harm && !keys->harm_ended;
}

void foreign_keys_harm_note(struct connection *connection, const struct sql_text *text, size_t start, const char *table)
{
	struct known_harm *harm = connection->foreign_keys.harm;
	struct schema_stamp stamp;

	if (!foreign_keys_harm_wants(connection) || seen.connection != connection || !is_short(text, start) ||
	    !foreign_keys_harm_stamp(connection, &stamp) || !schema_stamp_is(&stamp, &seen.stamp))
		return;
	seen.connection = NULL;
	if (!schema_stamp_is(&stamp, &harm->stamp))
		forget(connection);
	harm->stamp = stamp;
	keep(connection, text, start, table);
}

void foreign_keys_harm_begin(struct connection *connection)
{
	struct foreign_keys *keys = &connection->foreign_keys;

	keys->harm_wanted = false;
	error_log_suspend();
	schema_stamp_learn(connection->sqlite);
	error_log_resume();
	keys->harm = calloc(1, sizeof(*keys->harm));
	foreign_keys_update_begin(connection);
}

const char *foreign_keys_harm_find(struct connection *connection, const struct sql_text *text, size_t start)
{
	struct known_harm *harm = connection->foreign_keys.harm;
	const char *sql = (const char *)text->units + start;
	size_t length = text->length - start;

	if (!harm || !harm->count || text->wide)
		return NULL;
	for (unsigned i = 0; i < harm->count; i++)
		if (harm->texts[i].length == length && memcmp(harm->texts[i].text, sql, length) == 0)
			return foreign_keys_harm_holds(connection) ? harm->texts[i].table : NULL;
	return NULL;
}

bool foreign_keys_harm_holds(struct connection *connection)
{
	struct known_harm *harm = connection->foreign_keys.harm;
	struct schema_stamp stamp;

	if (harm && harm->count && foreign_keys_harm_stamp(connection, &stamp) && schema_stamp_is(&stamp, &harm->stamp))
		return true;
	if (harm)
		forget(connection);
	return false;
}

void foreign_keys_harm_end(struct connection *connection)
{
	if (connection->foreign_keys.harm)
		forget(connection);
	foreign_keys_update_forget(connection);
	connection->foreign_keys.harm_ended = true;
}
