/* busy_offsets.c - probes where a connection keeps its busy handler. */
#include "sqlite/busy_offsets.h"

#include "sqlite/probe.h"

#include <stdlib.h>
#include <string.h>

static int stub(void *argument, int count)
{
	(void)argument;
	(void)count;
	return 0;
}

static void set_timeout(const struct probe *probe, int milliseconds)
{
	probe->sqlite->busy_timeout(probe->db, milliseconds);
}

/* Leaves one of our timeouts set. */
static bool find_places(struct probe *probe, struct busy_offsets *out)
{
	struct pair pair;

	probe->sqlite->busy_handler(probe->db, stub, probe);
	out->handler = probe_place_of(probe, (void *)(uintptr_t)stub);
	/* SQLITE_ENABLE_SETLK_TIMEOUT (APSW) has a second one after it */
	out->timeout = probe_place_of_number(probe, set_timeout);
	if (out->handler == OFFSET_UNKNOWN || out->timeout == OFFSET_UNKNOWN)
		return false;
	pair = pair_at(probe->bytes, out->handler);
	*(void **)&out->stock = pair.callback;
	return pair.callback && pair.callback != (void *)(uintptr_t)stub && pair.argument == probe->db;
}

static void set_interrupted(const struct probe *probe, unsigned char is_set)
{
	if (is_set)
		probe->sqlite->interrupt(probe->db);
	else
		probe->sqlite->exec(probe->db, " ", NULL, NULL, NULL); /* "" is not even parsed */
}

/* Not while a statement runs, which would be interrupted. Leaves the connection uninterrupted. */
static size_t find_interrupted(const struct probe *probe)
{
	static const unsigned char values[] = {1, 0, 1, 0};

	if (!probe->sqlite->interrupt || sqlite_runs_statement(probe->sqlite, probe->db))
		return OFFSET_UNKNOWN;
	return probe_place_of_byte(probe, values, sizeof(values), set_interrupted);
}

static void restore_busy(const struct probe *probe, const struct busy_offsets *layout)
{
	const struct sqlite *sqlite = probe->sqlite;
	struct busy_callback before = {.handler = NULL};

	if (callback_read_busy(layout, probe_before(probe), &before) && before.handler && before.handler != layout->stock)
		sqlite->busy_handler(probe->db, before.handler, before.argument);
	else
		sqlite->busy_timeout(probe->db, before.handler ? before.timeout : 0);
}

struct known {
	struct probed probed; /* first */
	bool has_places;
	struct busy_offsets busy;
};
static struct probed *_Atomic all_known;

static const struct busy_offsets *busy_of(const struct known *known)
{
	return known->has_places ? &known->busy : NULL;
}

const struct busy_offsets *offsets_busy_if_known(const struct sqlite *sqlite)
{
	const struct known *known = (const struct known *)probed_find(&all_known, sqlite);

	return known ? busy_of(known) : NULL;
}

const struct busy_offsets *offsets_busy(const struct sqlite *sqlite, sqlite3 *db)
{
	struct probe probe = {.sqlite = sqlite, .db = db};
	struct known *known = (struct known *)probed_find(&all_known, sqlite);

	if (known)
		return busy_of(known);
	known = calloc(1, sizeof(*known));
	if (!known || !probe_begin(&probe)) {
		free(known);
		return NULL;
	}
	known->probed.sqlite = sqlite;
	known->has_places = find_places(&probe, &known->busy);
	restore_busy(&probe, busy_of(known));
	known->busy.interrupted = known->has_places ? find_interrupted(&probe) : OFFSET_UNKNOWN;
	probe_end(&probe);
	probed_add(&all_known, &known->probed);
	return busy_of(known);
}

bool callback_read_busy(const struct busy_offsets *layout, const sqlite3 *db, struct busy_callback *out)
{
	struct pair pair;

	if (!layout)
		return false;
	pair = pair_at(db, layout->handler);
	*out = (struct busy_callback){.argument = pair.argument};
	*(void **)&out->handler = pair.callback;
	memcpy(&out->timeout, (const char *)db + layout->timeout, sizeof(out->timeout));
	return true;
}
