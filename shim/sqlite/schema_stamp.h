/* schema_stamp.h - which schemas of the main and the temporary database SQLite has in memory: the same stamp, the same schemas.
 *
 * SQLite compiles against what it has in memory. It raises a schema's cookie there whenever a statement changes the schema, and its
 * generation whenever it forgets one that it had read: to read it anew, as another connection has changed it or a change was rolled
 * back. Where it keeps both is checked once for each copy, on a connection of our own. */
#ifndef SQLPROD_SQLITE_SCHEMA_STAMP_H
#define SQLPROD_SQLITE_SCHEMA_STAMP_H

#include "sqlite/sqlite.h"

struct schema_stamp {
	const void *schemas[2]; /* SQLite's own */
	int cookies[2], generations[2];
};

/* Checks this copy, if that was not done yet. Not from inside of a callback. */
void schema_stamp_learn(const struct sqlite *sqlite);

/* Was it checked, and keeps it there? */
bool schema_stamp_is_known(const struct sqlite *sqlite);

/* With the connection's mutex held. False where it cannot be known: this copy was not checked, or keeps it elsewhere; or anything
 * is attached. A database that is opened anew by sqlite3_deserialize() may have the stamp that another had. */
bool schema_stamp_read(const struct sqlite *sqlite, sqlite3 *db, struct schema_stamp *stamp);

bool schema_stamp_is(const struct schema_stamp *stamp, const struct schema_stamp *other);

#endif
