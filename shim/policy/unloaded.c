/* unloaded.c - compares what is loaded before and after. Under the registry's lock the loader is not asked. */
#include "policy/unloaded.h"

#include "connection/registry.h"
#include "locking/file_shim.h"

static const void *methods_of(const struct connection *connection)
{
	return connection->shim ? connection->shim->original : NULL;
}

static size_t find_kind(const struct unloaded *unloaded, const struct connection *connection)
{
	size_t i = 0;

	while (i < unloaded->count &&
	       (unloaded->kinds[i].sqlite != connection->sqlite || unloaded->kinds[i].methods != methods_of(connection)))
		i++;
	return i;
}

static void collect(struct connection *connection, void *argument)
{
	struct unloaded *unloaded = argument;
	size_t i = find_kind(unloaded, connection);

	if (i < unloaded->count || i == UNLOADED_KINDS)
		return;
	unloaded->kinds[i].sqlite = connection->sqlite;
	unloaded->kinds[i].methods = methods_of(connection);
	unloaded->kinds[i].gone = false;
	unloaded->count++;
}

static bool is_loaded(const void *address)
{
	struct loaded loaded;

	return address && loader_find(address, &loaded);
}

void unloaded_before(struct unloaded *unloaded)
{
	unloaded->count = 0;
	registry_visit(collect, unloaded);
	for (size_t i = 0; i < unloaded->count; i++) {
		unloaded->kinds[i].has_methods = is_loaded(unloaded->kinds[i].methods);
		unloaded->kinds[i].has_table = is_loaded(unloaded->kinds[i].sqlite->table);
	}
}

struct search {
	const struct unloaded *unloaded;
	struct connection *connection;
	uint64_t serial;
};

static void look_for_gone(struct connection *connection, void *argument)
{
	struct search *search = argument;
	size_t i = find_kind(search->unloaded, connection);

	if (i < search->unloaded->count && search->unloaded->kinds[i].gone) {
		search->connection = connection;
		search->serial = connection->serial;
	}
}

void unloaded_after(struct unloaded *unloaded)
{
	struct search search = {.unloaded = unloaded};
	bool any = false;

	for (size_t i = 0; i < unloaded->count; i++) {
		const struct sqlite *sqlite = unloaded->kinds[i].sqlite;

		unloaded->kinds[i].gone = !loader_is_still(&sqlite->loaded, (const void *)(uintptr_t)sqlite->libversion) ||
					  (unloaded->kinds[i].has_methods && !is_loaded(unloaded->kinds[i].methods)) ||
					  (unloaded->kinds[i].has_table && !is_loaded(sqlite->table));
		any |= unloaded->kinds[i].gone;
	}
	while (any) {
		search.connection = NULL;
		registry_visit(look_for_gone, &search);
		any = search.connection != NULL;
		if (any)
			registry_forget(search.connection, search.serial);
	}
}
