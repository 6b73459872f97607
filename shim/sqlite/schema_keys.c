/* schema_keys.c - learns whether SQLite's own count of foreign keys can be read. */
#include "sqlite/schema_keys.h"

#include "sqlite/callback_offsets.h"
#include "sqlite/probe.h"
#include "sqlite/schema_stamp.h"

#include <stdlib.h>

static bool run(const struct sqlite *sqlite, sqlite3 *db, const char *sql)
{
	return sqlite->exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static bool counts_are(const sqlite3 *db, unsigned main, unsigned temp)
{
	const struct schema_handle *handle = (const struct schema_handle *)(const void *)db;

	return handle->count == 2 && handle->databases[0].schema && handle->databases[1].schema &&
	       handle->databases[0].schema->keys.count == main && handle->databases[1].schema->keys.count == temp;
}

/* Does what is read follow the keys that these statements bring and take away? */
static bool follows(const struct sqlite *sqlite, sqlite3 *db)
{
	static const struct {
		const char *sql;
		unsigned main, temp;
	} steps[] = {
		{"CREATE TABLE a(x UNIQUE);CREATE TRIGGER b AFTER DELETE ON a BEGIN DELETE FROM a;END", 0, 0},
		{"CREATE TABLE c(x REFERENCES a)", 1, 0},
		{"CREATE TEMP TABLE d(x REFERENCES e,y REFERENCES f)", 1, 2},
		{"CREATE TABLE g(x,y,FOREIGN KEY(x,y)REFERENCES h)", 2, 2},
		{"BEGIN;CREATE TABLE i(x REFERENCES j);ROLLBACK;SELECT*FROM c", 2, 2},
		{"DROP TABLE c", 1, 2},
		{"DROP TABLE d", 1, 0},
		{"ALTER TABLE a ADD COLUMN y REFERENCES h", 1, 0},
		{"DROP TABLE g", 1, 0},
		{"DROP TABLE a", 0, 0},
	};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (!run(sqlite, db, steps[i].sql) || !counts_are(db, steps[i].main, steps[i].temp))
			return false;
	return true;
}

struct learnt {
	struct probed probed; /* first */
	struct schema_keys keys;
	bool ok;
};
static struct probed *_Atomic all_learnt;

static void learn(const struct sqlite *sqlite, sqlite3 *db, void *argument)
{
	struct learnt *learnt = argument;

	if (!follows(sqlite, db))
		return;
	learnt->keys.authorizer = offsets_probe_authorizer(sqlite, db);
	learnt->ok = learnt->keys.authorizer != OFFSET_UNKNOWN;
}

const struct schema_keys *schema_keys_learn(const struct sqlite *sqlite)
{
	struct learnt *learnt = (struct learnt *)probed_find(&all_learnt, sqlite);

	if (learnt)
		return learnt->ok ? &learnt->keys : NULL;
	learnt = calloc(1, sizeof(*learnt));
	if (!learnt)
		return NULL;
	learnt->probed.sqlite = sqlite;
	schema_stamp_learn(sqlite);
	if (schema_stamp_is_known(sqlite))
		probe_run(sqlite, learn, learnt);
	probed_add(&all_learnt, &learnt->probed);
	return learnt->ok ? &learnt->keys : NULL;
}
