/* flag_bits.c - learns where a connection keeps two of its flags, and some of its counts. */
#include "sqlite/flag_bits.h"

#include "sqlite/probe.h"

#include <stdlib.h>
#include <string.h>

/* More than any connection has; and what every connection has, in a copy that cannot return its size. */
#define SIZE_LIMIT 65536
#define SIZE_LEAST 400

/* The flag goes through these states. */
static const bool states[] = {true, false, true, true, false, false, true, false};

static void set_enabled(const struct sqlite *sqlite, sqlite3 *db, bool on)
{
	sqlite->db_config(db, SQLITE_DBCONFIG_ENABLE_FKEY, (int)on, NULL);
}

static void set_deferred(const struct sqlite *sqlite, sqlite3 *db, bool on)
{
	sqlite->exec(db, on ? "PRAGMA defer_foreign_keys=1" : "PRAGMA defer_foreign_keys=0", NULL, NULL, NULL);
}

/* The only bit among the candidates; mask 0 if there is none, or more than one. */
static struct flag_bit only_bit(const unsigned char *candidates, size_t size)
{
	struct flag_bit bit = {0, 0};

	for (size_t i = 0; i < size; i++) {
		if (!candidates[i])
			continue;
		if (bit.mask || (candidates[i] & (candidates[i] - 1)))
			return (struct flag_bit){0, 0};
		bit = (struct flag_bit){(unsigned short)i, candidates[i]};
	}
	return bit;
}

/* The bit of the connection that follows the flag. */
static struct flag_bit learn(const struct sqlite *sqlite, sqlite3 *db, size_t size,
			     void (*set)(const struct sqlite *, sqlite3 *, bool))
{
	const unsigned char *bytes = (const unsigned char *)db;
	unsigned char *candidates = malloc(size);
	struct flag_bit bit;

	if (!candidates)
		return (struct flag_bit){0, 0};
	memset(candidates, 0xff, size);
	for (size_t n = 0; n < sizeof(states) / sizeof(states[0]); n++) {
		set(sqlite, db, states[n]);
		for (size_t i = 0; i < size; i++)
			candidates[i] &= (unsigned char)(states[n] ? bytes[i] : ~bytes[i]);
	}
	bit = only_bit(candidates, size);
	free(candidates);
	return bit;
}

static size_t size_of(const struct sqlite *sqlite, sqlite3 *db)
{
	size_t size = sqlite->msize ? (size_t)sqlite->msize(db) : SIZE_LEAST;

	return size < SIZE_LIMIT ? size : SIZE_LIMIT;
}

static int64_t count_at(const sqlite3 *db, unsigned short offset)
{
	int64_t count = 0;

	if (offset)
		memcpy(&count, (const char *)db + offset, sizeof(count));
	return count;
}

int64_t flag_bits_orphans(const sqlite3 *db, const struct foreign_key_bits *bits)
{
	return count_at(db, bits->by_schema) + count_at(db, bits->by_flag);
}

void flag_bits_move_orphans(sqlite3 *db, const struct foreign_key_bits *bits)
{
	int64_t sum = flag_bits_orphans(db, bits);

	memset((char *)db + bits->by_flag, 0, sizeof(sum));
	memcpy((char *)db + bits->by_schema, &sum, sizeof(sum));
}

void flag_bits_make_orphan(sqlite3 *db, const struct foreign_key_bits *bits)
{
	int64_t count = 1;

	memcpy((char *)db + bits->by_flag, &count, sizeof(count));
}

void flag_bits_forget_orphans(sqlite3 *db, const struct foreign_key_bits *bits)
{
	if (bits->by_schema)
		memset((char *)db + bits->by_schema, 0, sizeof(int64_t));
	if (bits->by_flag)
		memset((char *)db + bits->by_flag, 0, sizeof(int64_t));
}

int64_t flag_bits_changes(const sqlite3 *db, const struct foreign_key_bits *bits)
{
	int64_t changes = 0;

	memcpy(&changes, (const char *)db + bits->changes, bits->changes_size);
	return changes;
}

void flag_bits_set_changes(sqlite3 *db, const struct foreign_key_bits *bits, int64_t changes)
{
	memcpy((char *)db + bits->changes, &changes, bits->changes_size);
}

static void run(const struct sqlite *sqlite, sqlite3 *db, const char *sql)
{
	sqlite->exec(db, sql, NULL, NULL, NULL);
}

/* The only count that follows the orphans which these statements make, one more each time, or unmake. */
static unsigned short learn_count(const struct sqlite *sqlite, sqlite3 *db, size_t size, const char *more, const char *less)
{
	static const struct {
		bool more;
		int64_t count;
	} steps[] = {{true, 1}, {true, 2}, {false, 1}, {true, 2}, {true, 3}, {false, 2}, {false, 1}, {false, 0}};
	bool *fails = calloc(size, sizeof(*fails));
	unsigned short found = 0;
	unsigned many = 0;

	for (size_t n = 0; fails && n < sizeof(steps) / sizeof(steps[0]); n++) {
		run(sqlite, db, steps[n].more ? more : less);
		for (size_t at = 8; at + sizeof(int64_t) <= size; at += sizeof(int64_t))
			fails[at] |= count_at(db, (unsigned short)at) != steps[n].count;
	}
	for (size_t at = 8; fails && at + sizeof(int64_t) <= size; at += sizeof(int64_t)) {
		many += !fails[at];
		if (!fails[at])
			found = (unsigned short)at;
	}
	free(fails);
	return many == 1 ? found : 0;
}

/* Inside a transaction, which it ends. */
static bool learn_negative(const struct sqlite *sqlite, sqlite3 *db, unsigned short by_flag)
{
	int64_t count = -1;
	bool refuses;

	memcpy((char *)db + by_flag, &count, sizeof(count));
	refuses = sqlite->exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK;
	run(sqlite, db, "ROLLBACK");
	return refuses;
}

/* The only int that follows the rows which these statements change. */
static void learn_changes(const struct sqlite *sqlite, sqlite3 *db, size_t size, struct foreign_key_bits *bits)
{
	static const struct {
		const char *sql;
		int32_t changes;
	} steps[] = {{"INSERT INTO c SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3", 3},
		     {"UPDATE c SET x=5 WHERE x<3", 2},
		     {"DELETE FROM c WHERE x=1", 0},
		     {"INSERT INTO c SELECT x FROM c", 3},
		     {"UPDATE c SET x=0", 6}};
	bool *fails = calloc(size, sizeof(*fails));
	unsigned many = 0;

	run(sqlite, db, "CREATE TABLE c(x)");
	for (size_t n = 0; fails && n < sizeof(steps) / sizeof(steps[0]); n++) {
		run(sqlite, db, steps[n].sql);
		for (size_t at = 0; at + sizeof(int32_t) <= size; at += sizeof(int32_t))
			fails[at] |= memcmp((const char *)db + at, &steps[n].changes, sizeof(int32_t)) != 0;
	}
	for (size_t at = 0; fails && at + sizeof(int32_t) <= size; at += sizeof(int32_t)) {
		many += !fails[at];
		if (!fails[at])
			bits->changes = (unsigned short)at;
	}
	free(fails);
	/* an int64_t since 3.37, on machines of little endian */
	if (many == 1)
		bits->changes_size = sqlite->minor >= 37 ? sizeof(int64_t) : sizeof(int32_t);
}

static void learn_all(const struct sqlite *sqlite, sqlite3 *db, void *argument)
{
	struct foreign_key_bits *bits = argument;
	size_t size = size_of(sqlite, db);

	bits->enabled = learn(sqlite, db, size, set_enabled);
	bits->deferred = learn(sqlite, db, size, set_deferred);
	learn_changes(sqlite, db, size, bits);
	run(sqlite, db,
	    "CREATE TABLE p(k INTEGER PRIMARY KEY);CREATE TABLE s(k REFERENCES p DEFERRABLE INITIALLY DEFERRED);"
	    "CREATE TABLE f(k REFERENCES p);PRAGMA foreign_keys=1;BEGIN;PRAGMA defer_foreign_keys=0");
	bits->by_schema =
		learn_count(sqlite, db, size, "INSERT INTO s VALUES(1)", "DELETE FROM s WHERE rowid=(SELECT max(rowid)FROM s)");
	/* with it, both kinds may be counted in one place */
	set_deferred(sqlite, db, true);
	bits->by_flag =
		learn_count(sqlite, db, size, "INSERT INTO f VALUES(1)", "DELETE FROM f WHERE rowid=(SELECT max(rowid)FROM f)");
	/* orphans that cannot be forgotten could not be dropped */
	if (bits->by_flag)
		bits->refuses_negative = learn_negative(sqlite, db, bits->by_flag);
	else
		bits->deferred.mask = 0;
}

struct learnt {
	struct probed probed; /* first */
	struct foreign_key_bits bits;
};
static struct probed *_Atomic all_learnt;

const struct foreign_key_bits *flag_bits_foreign_keys(const struct sqlite *sqlite)
{
	struct learnt *learnt = (struct learnt *)probed_find(&all_learnt, sqlite);

	if (learnt)
		return &learnt->bits;
	learnt = calloc(1, sizeof(*learnt));
	if (!learnt)
		return NULL;
	learnt->probed.sqlite = sqlite;
	if (sqlite->db_config)
		probe_run(sqlite, learn_all, &learnt->bits);
	probed_add(&all_learnt, &learnt->probed);
	return &learnt->bits;
}
