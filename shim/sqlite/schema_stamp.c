/* schema_stamp.c - reads the numbers out of SQLite's own memory. */
#include "sqlite/schema_stamp.h"

#include "sqlite/probe.h"
#include "sqlite/schema_layout.h"

#include <stdlib.h>

static bool read_stamp(const sqlite3 *db, struct schema_stamp *stamp)
{
	const struct schema_handle *handle = (const struct schema_handle *)(const void *)db;

	if (handle->count != 2)
		return false;
	for (int i = 0; i < 2; i++) {
		const struct schema_content *schema = handle->databases[i].schema;

		if (!schema)
			return false;
		stamp->schemas[i] = schema;
		stamp->cookies[i] = schema->cookie;
		stamp->generations[i] = schema->generation;
	}
	return true;
}

static bool run(const struct sqlite *sqlite, sqlite3 *db, const char *sql)
{
	return sqlite->exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

/* As long as nothing is attached the databases lie in the connection itself: only then what seems to be one is followed. */
static bool looks_right(const struct sqlite *sqlite, sqlite3 *db)
{
	const struct schema_handle *handle = (const struct schema_handle *)(const void *)db;
	size_t size = sqlite->msize ? (size_t)sqlite->msize(db) : 0;
	const char *first = (const char *)handle->databases, *start = (const char *)db;

	if (size < sizeof(*handle) || handle->count != 2 || first < start ||
	    first + 2 * sizeof(struct schema_database) > start + size || !run(sqlite, db, "ATTACH ':memory:' AS a") ||
	    handle->count != 3 || !run(sqlite, db, "DETACH a"))
		return false;
	return handle->count == 2 && (const char *)handle->databases == first;
}

/* Does what is read follow the changes that these statements make? */
static bool follows(const struct sqlite *sqlite, sqlite3 *db)
{
	static const struct {
		const char *sql;
		int main, temp; /* by how much the cookies grow */
		bool rereads;   /* the schema of main */
	} steps[] = {
		{"CREATE TABLE a(x)", 1, 0, false}, {"CREATE TEMP TABLE b(x)", 0, 1, false},
		{"CREATE TABLE c(x)", 1, 0, false}, {"BEGIN;CREATE TABLE d(x);ROLLBACK;SELECT * FROM c", 0, 0, true},
		{"DROP TABLE a", 1, 0, false},      {"DROP TABLE b", 0, 1, false},
	};
	struct schema_stamp before, after;

	if (!run(sqlite, db, "PRAGMA schema_version=1234567;SELECT * FROM sqlite_master") || !read_stamp(db, &before) ||
	    before.cookies[0] != 1234567)
		return false;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++, before = after)
		if (!run(sqlite, db, steps[i].sql) || !read_stamp(db, &after) || after.schemas[0] != before.schemas[0] ||
		    after.schemas[1] != before.schemas[1] || after.cookies[0] - before.cookies[0] != steps[i].main ||
		    after.cookies[1] - before.cookies[1] != steps[i].temp ||
		    (after.generations[0] != before.generations[0]) != steps[i].rereads)
			return false;
	return true;
}

struct checked {
	struct probed probed; /* first */
	bool ok;
};
static struct probed *_Atomic all_checked;

static void check(const struct sqlite *sqlite, sqlite3 *db, void *ok)
{
	*(bool *)ok = looks_right(sqlite, db) && follows(sqlite, db);
}

void schema_stamp_learn(const struct sqlite *sqlite)
{
	struct checked *checked = (struct checked *)probed_find(&all_checked, sqlite);

	if (!checked)
		checked = calloc(1, sizeof(*checked));
	if (!checked || checked->probed.sqlite)
		return;
	checked->probed.sqlite = sqlite;
	probe_run(sqlite, check, &checked->ok);
	probed_add(&all_checked, &checked->probed);
}

bool schema_stamp_is_known(const struct sqlite *sqlite)
{
	const struct checked *checked = (const struct checked *)probed_find(&all_checked, sqlite);

	return checked && checked->ok;
}

bool schema_stamp_read(const struct sqlite *sqlite, sqlite3 *db, struct schema_stamp *stamp)
{
	return schema_stamp_is_known(sqlite) && read_stamp(db, stamp);
}

bool schema_stamp_is(const struct schema_stamp *stamp, const struct schema_stamp *other)
{
	return memcmp(stamp, other, sizeof(*stamp)) == 0;
}
