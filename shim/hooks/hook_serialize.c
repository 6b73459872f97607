/* hook_serialize.c - interposition of sqlite3_serialize() and sqlite3_deserialize(): WAL by recipe takes no image from a program.
 */
#include "base/guard.h"
#include "hooks/hook.h"
#include "policy/first_use.h"
#include "policy/wal_image.h"

#include <string.h>
#include <strings.h>

static bool is_main(const char *schema)
{
	return !schema || strcasecmp(schema, "main") == 0;
}

static bool chose_wal(struct connection *connection)
{
	const struct outcome *outcome = &connection->outcomes[SETTING_JOURNAL_MODE];

	if (!connection_is_set_up(connection))
		first_use_at_open(connection);
	return outcome->by == DECIDED_BY_PROGRAM || outcome->by == DECIDED_BY_NOBODY;
}

HOOK unsigned char *sqlite3_serialize(sqlite3 *db, const char *schema, sqlite3_int64 *size, unsigned flags)
{
	const struct sqlite *sqlite;
	struct connection *connection = hook_enter(db, "sqlite3_serialize", HOOK_CALLER, HOOK_FRAME, &sqlite);
	sqlite3_int64 bytes = -1;
	unsigned char *image;

	if (!sqlite || !sqlite->serialize) {
		if (connection)
			hook_leave(connection);
		if (size)
			*size = -1;
		return NULL;
	}
	if (!connection)
		return sqlite->serialize(db, schema, size, flags);
	if (!chose_wal(connection) && is_main(schema) && !(flags & SQLITE_SERIALIZE_NOCOPY)) {
		image = sqlite->serialize(db, schema, &bytes, flags);
		if (image && wal_image_is(image, bytes))
			wal_image_to_rollback(image);
		if (size)
			*size = bytes;
	} else {
		image = sqlite->serialize(db, schema, size, flags);
	}
	hook_leave(connection);
	return image;
}

/* A program's own memory may be read-only, or a mapped file: there the image becomes one of SQLite's, which frees it. */
static unsigned char *own_image(const struct sqlite *sqlite, unsigned char *image, sqlite3_int64 size, unsigned *flags)
{
	unsigned char *copy = image;

	if (!(*flags & SQLITE_DESERIALIZE_FREEONCLOSE)) {
		copy = size == (int)size ? sqlite->malloc((int)size) : NULL;
		if (!copy)
			return image;
		memcpy(copy, image, (size_t)size);
		*flags |= SQLITE_DESERIALIZE_FREEONCLOSE;
	}
	wal_image_to_rollback(copy);
	return copy;
}

HOOK int sqlite3_deserialize(sqlite3 *db, const char *schema, unsigned char *image, sqlite3_int64 size, sqlite3_int64 memory,
			     unsigned flags)
{
	const struct sqlite *sqlite;
	struct connection *connection = hook_enter(db, "sqlite3_deserialize", HOOK_CALLER, HOOK_FRAME, &sqlite);

	if (connection)
		hook_leave(connection);
	if (!sqlite || !sqlite->deserialize)
		return SQLITE_ERROR;
	if (connection && image && memory >= size && wal_image_is(image, size) && !journal_mode_is_programs_choice())
		image = own_image(sqlite, image, memory, &flags);
	return sqlite->deserialize(db, schema, image, size, memory, flags);
}
