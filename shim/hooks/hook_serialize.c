/* hook_serialize.c - interposition of sqlite3_serialize().
 *
 * The image of a database in WAL mode is one that sqlite3_deserialize() accepts, and that cannot be read then: an in-memory
 * database has no -wal (sqlite.org/c3ref/deserialize.html). Where WAL is not the program's own choice, the image says rollback
 * journal. */
#include "base/guard.h"
#include "hooks/hook.h"
#include "policy/first_use.h"

#include <strings.h>

/* Read and write version: sqlite.org/fileformat.html#the_database_header */
#define WRITE_VERSION 18
#define READ_VERSION 19
#define VERSION_ROLLBACK 1
#define VERSION_WAL 2

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
		if (image && bytes > READ_VERSION && image[WRITE_VERSION] == VERSION_WAL && image[READ_VERSION] == VERSION_WAL)
			image[WRITE_VERSION] = image[READ_VERSION] = VERSION_ROLLBACK;
		if (size)
			*size = bytes;
	} else {
		image = sqlite->serialize(db, schema, size, flags);
	}
	hook_leave(connection);
	return image;
}
