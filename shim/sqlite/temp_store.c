/* temp_store.c - learns where a connection keeps its temp_store, and changes it. */
#include "sqlite/temp_store.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* More than any connection has: 3.50 has 800 bytes. */
#define SIZE_LIMIT 65536

/* What was learnt of each copy. Entries stay for ever; no lock, so that fork() finds none taken. */
struct learnt {
	struct learnt *next;
	const struct sqlite *sqlite;
	size_t offset; /* SIZE_MAX if it did not show */
};
static struct learnt *_Atomic lessons;

static const struct learnt *learnt_find(const struct sqlite *sqlite)
{
	const struct learnt *learnt = atomic_load(&lessons);

	while (learnt && learnt->sqlite != sqlite)
		learnt = learnt->next;
	return learnt;
}

/* The only byte that follows the PRAGMA through these values; the last one is the one it began with. */
static size_t find_offset(const struct sqlite *sqlite, sqlite3 *db, unsigned char *follows, size_t size)
{
	static const struct {
		unsigned char value;
		const char *sql;
	} steps[] = {
		{1, "PRAGMA temp_store=1"}, {0, "PRAGMA temp_store=0"}, {2, "PRAGMA temp_store=2"},
		{0, "PRAGMA temp_store=0"}, {1, "PRAGMA temp_store=1"}, {2, "PRAGMA temp_store=2"},
	};
	const size_t count = sizeof(steps) / sizeof(steps[0]);
	size_t offset = SIZE_MAX;

	for (size_t i = 0; i < count; i++) {
		sqlite->exec(db, steps[i].sql, NULL, NULL, NULL);
		for (size_t at = 0; at < size; at++)
			follows[at] += ((const unsigned char *)db)[at] == steps[i].value;
	}
	for (size_t at = 0; at < size; at++) {
		if (follows[at] != count)
			continue;
		if (offset != SIZE_MAX)
			return SIZE_MAX;
		offset = at;
	}
	return offset;
}

void temp_store_learn(const struct sqlite *sqlite, sqlite3 *db)
{
	size_t size = sqlite->msize ? (size_t)sqlite->msize(db) : 0;
	unsigned char *follows;
	struct learnt *learnt;

	if (learnt_find(sqlite) || size == 0 || size > SIZE_LIMIT)
		return;
	follows = calloc(1, size);
	learnt = malloc(sizeof(*learnt));
	if (!follows || !learnt) {
		free(follows);
		free(learnt);
		return;
	}
	learnt->sqlite = sqlite;
	learnt->offset = find_offset(sqlite, db, follows, size);
	free(follows);
	/* two threads may both get here: two records of one copy do no harm */
	learnt->next = atomic_load(&lessons);
	while (!atomic_compare_exchange_weak(&lessons, &learnt->next, learnt))
		;
}

bool temp_store_switch(const struct sqlite *sqlite, sqlite3 *db, unsigned char from, unsigned char to)
{
	const struct learnt *learnt = learnt_find(sqlite);
	unsigned char *byte;

	if (!learnt || learnt->offset == SIZE_MAX)
		return false;
	byte = (unsigned char *)db + learnt->offset;
	if (*byte != from)
		return false;
	*byte = to;
	return true;
}
