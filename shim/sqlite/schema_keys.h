/* schema_keys.h - has any table that a connection knows a foreign key? And where the connection keeps its authorizer.
 *
 * SQLite lists the foreign keys of a schema by their parents, and counts the parents. Where both lie is checked once for each copy,
 * on a connection of our own. */
#ifndef SQLPROD_SQLITE_SCHEMA_KEYS_H
#define SQLPROD_SQLITE_SCHEMA_KEYS_H

#include "sqlite/schema_layout.h"
#include "sqlite/sqlite.h"

struct schema_keys {
	size_t authorizer; /* the offset of the callback, which its argument follows */
};

/* For this copy; NULL where it cannot be known, or memory is out. Not from inside of a callback. */
const struct schema_keys *schema_keys_learn(const struct sqlite *sqlite);

/* Of a copy that was learnt, with the connection's mutex held or in a process of one thread: is nothing attached, and no foreign
 * key in the schemas of main and temp that SQLite has in memory? One that it has not read is empty. */
static inline bool schema_keys_are_none(const sqlite3 *db)
{
	const struct schema_handle *handle = (const struct schema_handle *)(const void *)db;

	return handle->count == 2 && !(handle->databases[0].schema->keys.count | handle->databases[1].schema->keys.count);
}

/* What is in the authorizer's place. */
static inline void **schema_keys_authorizer(sqlite3 *db, const struct schema_keys *keys)
{
	return (void **)(void *)((char *)db + keys->authorizer);
}

#endif
