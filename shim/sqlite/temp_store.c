/* temp_store.c - learns where a connection keeps its temp_store, and changes it. */
#include "sqlite/temp_store.h"

#include "sqlite/probe.h"

#include <stdlib.h>

struct learnt {
	struct probed probed; /* first */
	size_t offset;
};
static struct probed *_Atomic all_learnt;

static const struct learnt *learnt_find(const struct sqlite *sqlite)
{
	return (const struct learnt *)probed_find(&all_learnt, sqlite);
}

static void set(const struct probe *probe, unsigned char value)
{
	static const char *const pragmas[] = {"PRAGMA temp_store=0", "PRAGMA temp_store=1", "PRAGMA temp_store=2"};

	probe->sqlite->exec(probe->db, pragmas[value], NULL, NULL, NULL);
}

void temp_store_learn(const struct sqlite *sqlite, sqlite3 *db)
{
	/* the last one is the one that the connection has */
	static const unsigned char values[] = {1, 0, 2, 0, 1, 2};
	struct probe probe = {.sqlite = sqlite, .db = db};
	struct learnt *learnt;

	if (learnt_find(sqlite))
		return;
	learnt = malloc(sizeof(*learnt));
	if (!learnt || !probe_begin(&probe)) {
		free(learnt);
		return;
	}
	learnt->probed.sqlite = sqlite;
	learnt->offset = probe_place_of_byte(&probe, values, sizeof(values), set);
	probe_end(&probe);
	probed_add(&all_learnt, &learnt->probed);
}

bool temp_store_switch(const struct sqlite *sqlite, sqlite3 *db, unsigned char from, unsigned char to)
{
	const struct learnt *learnt = learnt_find(sqlite);
	unsigned char *byte;

	if (!learnt || learnt->offset == OFFSET_UNKNOWN)
		return false;
	byte = (unsigned char *)db + learnt->offset;
	if (*byte != from)
		return false;
	*byte = to;
	return true;
}
