/* copy.c - keeps embedded copies in a list that only grows. Lock-free: fork() cannot copy a held lock. */
#include "sqlite/copy.h"

#include "elf/loader.h"

#include <stdlib.h>

#define SQLITE_CORE 1 /* the struct of sqlite3ext.h, without the macros that hide the functions */
#include <sqlite3ext.h>

static struct copy *_Atomic copies;

struct copy *copy_find(const struct sqlite3_api_routines *table)
{
	uint64_t fingerprint = apitable_fingerprint(table);

	for (struct copy *copy = atomic_load(&copies); copy; copy = copy->next)
		if (copy->table == table && copy->fingerprint == fingerprint)
			return copy;
	return NULL;
}

/* The table of a library that exports its functions points to our hooks for interposed ones, so its originals are found by name.
 * Linked with -Bsymbolic, as on Ubuntu, it points to the originals: then hooks and table have records of their own. */
static const struct sqlite *functions_of(const struct sqlite3_api_routines *table, unsigned number)
{
	if (loader_is_ours((const void *)(uintptr_t)table->exec))
		return sqlite_of_function((const void *)(uintptr_t)table->libversion);
	return sqlite_of_table(table, number);
}

struct copy *copy_get(const struct api_table *found)
{
	const struct sqlite3_api_routines *table = (const void *)found->address;
	struct copy *copy = copy_find(table);

	if (copy)
		return copy;
	copy = calloc(1, sizeof(*copy));
	if (!copy)
		return NULL;
	copy->table = table;
	copy->fingerprint = found->fingerprint;
	copy->number = found->number;
	copy->sqlite = functions_of(table, found->number);
	if (!copy->sqlite) {
		free(copy);
		return NULL;
	}
	/* two threads may both get here: two records of one copy are harmless */
	copy->next = atomic_load(&copies);
	while (!atomic_compare_exchange_weak(&copies, &copy->next, copy))
		;
	return copy;
}

void copy_leave(const struct sqlite *sqlite)
{
	for (struct copy *copy = atomic_load(&copies); copy; copy = copy->next) {
		void (*leave)(struct copy *) = sqlite_is_same(copy->sqlite, sqlite) ? atomic_load(&copy->leave) : NULL;
		if (leave)
			leave(copy);
	}
}

bool copy_has_extensions(const struct sqlite *sqlite)
{
	for (struct copy *copy = atomic_load(&copies); copy; copy = copy->next) {
		const volatile uint32_t *entries = sqlite_is_same(copy->sqlite, sqlite) ? atomic_load(&copy->entries) : NULL;
		if (entries && *entries > 1)
			return true;
	}
	return false;
}

const struct callback_offsets *copy_offsets(struct copy *copy, sqlite3 *db)
{
	const struct callback_offsets *known = atomic_load(&copy->offsets);
	struct callback_offsets *learnt;

	if (known)
		return known;
	learnt = malloc(sizeof(*learnt));
	if (!learnt)
		return &offsets_unknown;
	offsets_probe(copy->sqlite, db, learnt);
	if (atomic_compare_exchange_strong(&copy->offsets, &known, learnt))
		return learnt;
	free(learnt);
	return known;
}

const struct callback_offsets *copy_offsets_if_known(const struct sqlite *sqlite)
{
	const struct callback_offsets *known = NULL;

	for (struct copy *copy = atomic_load(&copies); copy && !known; copy = copy->next)
		if (sqlite_is_same(copy->sqlite, sqlite))
			known = atomic_load(&copy->offsets);
	return known;
}
