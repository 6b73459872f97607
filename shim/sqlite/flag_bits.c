/* flag_bits.c - learns where a connection keeps two of its flags. */
#include "sqlite/flag_bits.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* More than any connection has; and what every connection has, in a copy that does not tell its size. */
#define SIZE_LIMIT 65536
#define SIZE_LEAST 256

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

/* What was learnt of each copy. Entries stay for ever; no lock, so that fork() finds none taken. */
struct learnt {
	struct learnt *next;
	const struct sqlite *sqlite;
	struct foreign_key_bits bits;
};
static struct learnt *_Atomic lessons_learnt;

const struct foreign_key_bits *flag_bits_foreign_keys(const struct sqlite *sqlite, sqlite3 *db)
{
	struct learnt *learnt;
	int before = 0;

	for (learnt = atomic_load(&lessons_learnt); learnt; learnt = learnt->next)
		if (learnt->sqlite == sqlite)
			return &learnt->bits;
	learnt = calloc(1, sizeof(*learnt));
	if (!learnt)
		return NULL;
	learnt->sqlite = sqlite;
	if (sqlite->db_config && sqlite->db_config(db, SQLITE_DBCONFIG_ENABLE_FKEY, -1, &before) == SQLITE_OK) {
		learnt->bits.enabled = learn(sqlite, db, size_of(sqlite, db), set_enabled);
		set_enabled(sqlite, db, before);
	}
	if (learnt->bits.enabled.mask)
		learnt->bits.deferred = learn(sqlite, db, size_of(sqlite, db), set_deferred);
	/* two threads may both get here: two records of one copy do no harm */
	learnt->next = atomic_load(&lessons_learnt);
	while (!atomic_compare_exchange_weak(&lessons_learnt, &learnt->next, learnt))
		;
	return &learnt->bits;
}
