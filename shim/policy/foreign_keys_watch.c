/* foreign_keys_watch.c - tells the foreign key actions of a compile from what the program wrote. */
#include "policy/foreign_keys_watch.h"

#include "base/guard.h"
#include "policy/foreign_keys_attempt.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Of the writes only those that are set. */
static void copy_watch(struct foreign_key_watch *to, const struct foreign_key_watch *watch)
{
	memcpy(to, watch, offsetof(struct foreign_key_watch, writes) + watch->count * sizeof(watch->writes[0]));
}

void watch_begin(struct connection *connection, struct foreign_key_watch *watch)
{
	struct foreign_keys *keys = &connection->foreign_keys;
	struct foreign_key_watch *shown = keys->watch ? malloc(sizeof(*shown)) : keys->compiled;

	watch->outer = keys->watch;
	watch->inside = foreign_keys_stepping.stmt;
	keys->watch = shown ? shown : watch;
	if (shown)
		copy_watch(shown, watch);
}

void watch_end(struct connection *connection, struct foreign_key_watch *watch)
{
	struct foreign_keys *keys = &connection->foreign_keys;
	struct foreign_key_watch *shown = keys->watch;

	keys->watch = watch->outer;
	if (shown == watch)
		return;
	copy_watch(watch, shown);
	if (shown != keys->compiled)
		free(shown);
}

void watch_forget(struct connection *connection)
{
	if (guard_depth <= 1)
		connection->foreign_keys.watch = NULL;
}

/* Cut to what there is room for. */
static void keep(char *kept, size_t size, const char *name)
{
	size_t length = strnlen(name ? name : "", size - 1);

	memcpy(kept, name ? name : "", length);
	kept[length] = '\0';
}

static bool is_kept(const struct foreign_key_watch *watch, const char *table)
{
	return strncmp(watch->table, table, sizeof(watch->table) - 1) == 0;
}

static void release(struct watched_write *write)
{
	free((void *)(uintptr_t)write->schema);
	free((void *)(uintptr_t)write->table);
	free((void *)(uintptr_t)write->column);
}

void watch_release(struct foreign_key_watch *watch)
{
	while (watch->count)
		release(&watch->writes[--watch->count]);
}

/* False without memory. */
static bool copy(struct watched_write *to, const struct watched_write *write)
{
	*to = (struct watched_write){write->schema ? strdup(write->schema) : NULL, strdup(write->table), strdup(write->column)};
	if (to->table && to->column && !to->schema == !write->schema)
		return true;
	release(to);
	return false;
}

/* All are of one table. */
static void record(struct foreign_key_watch *watch, const struct watched_write *write)
{
	for (unsigned i = 0; i < watch->count; i++)
		if (strcmp(watch->writes[i].column, write->column) == 0)
			return;
	if (watch->mode != WATCH_PROGRAM)
		return;
	if (watch->count == WATCH_WRITES || !copy(&watch->writes[watch->count], write))
		watch->overflown = true;
	else
		watch->count++;
}

static void see_update(struct foreign_key_watch *watch, const struct watched_write *write)
{
	if (!*watch->table && watch->verb == WRITE_UPDATE) {
		keep(watch->table, sizeof(watch->table), write->table);
		keep(watch->schema, sizeof(watch->schema), write->schema);
	} else if (!is_kept(watch, write->table)) {
		watch->others++;
		return;
	}
	watch->has_updated_after_read |= watch->has_read || watch->by_triggers;
	if (watch->verb == WRITE_INSERT)
		watch->has_read = false;
	watch->updates++;
	record(watch, write);
}

static unsigned hash_of(unsigned hash, const char *name)
{
	while (name && *name)
		hash = hash * 31 + (unsigned char)*name++;
	return hash;
}

uint64_t watch_bit_of_column(const char *column)
{
	return UINT64_C(1) << hash_of(0, column) % 64;
}

static void note_source(struct foreign_key_watch *watch, const char *schema, const char *table, const char *column)
{
	struct watched_source *source = NULL;

	for (unsigned i = 0; i < watch->source_count && !source; i++)
		if (strcmp(watch->sources[i].table, table) == 0 && strcmp(watch->sources[i].schema, schema ? schema : "") == 0)
			source = &watch->sources[i];
	if (!source && watch->source_count == WATCH_SOURCES)
		return;
	if (!source) {
		source = &watch->sources[watch->source_count++];
		keep(source->schema, sizeof(source->schema), schema);
		keep(source->table, sizeof(source->table), table);
		source->columns = 0;
	}
	source->columns |= watch_bit_of_column(column);
}

/* Other tables' columns are read twice where an UPDATE sets a foreign key, and hardly in a trigger; its own may be named thrice. */
static void count_reads(struct foreign_key_watch *watch, const char *table, const char *column, bool by_trigger)
{
	unsigned hash = hash_of(0, table), most = hash == watch->updated ? 3 : by_trigger ? 1 : 2;
	unsigned char *reads = &watch->reads_of[hash_of(hash, column) % sizeof(watch->reads_of)];

	if (++*reads <= most)
		return;
	watch->may_recheck = true;
	*reads = 0;
}

static void see_read(struct foreign_key_watch *watch, const char *schema, const char *table, const char *column, bool by_trigger)
{
	watch->reads++;
	if (watch->sources && !by_trigger)
		note_source(watch, schema, table, column);
	if (!by_trigger && !watch->has_read && watch->updates && is_kept(watch, table))
		watch->has_read = true;
	if (watch->has_updated && !watch->may_recheck)
		count_reads(watch, table, column, by_trigger);
}

static void see_write(struct foreign_key_watch *watch, int action, const char *table)
{
	if (action != SQLITE_UPDATE)
		return;
	watch->has_updated = true;
	watch->updated = hash_of(0, table);
	memset(watch->reads_of, 0, sizeof(watch->reads_of));
}

void watch_see(struct foreign_key_watch *watch, int action, const char *first, const char *second, const char *schema,
	       const char *trigger)
{
	if (watch->mode == WATCH_NOTHING || watch_is_internal(first))
		return;
	if (action == SQLITE_DROP_TABLE || action == SQLITE_DROP_TEMP_TABLE) {
		keep(watch->table, sizeof(watch->table), first);
		keep(watch->schema, sizeof(watch->schema), schema);
	} else if (action == SQLITE_READ) {
		see_read(watch, schema, first, second, trigger);
	} else if (trigger) {
		see_write(watch, action, first);
		watch->by_triggers++;
	} else if (action == SQLITE_UPDATE) {
		see_write(watch, action, first);
		see_update(watch, &(struct watched_write){schema, first, second});
	} else {
		if (!*watch->table) {
			keep(watch->table, sizeof(watch->table), first);
			keep(watch->schema, sizeof(watch->schema), schema);
		}
		watch->deletes += action == SQLITE_DELETE;
	}
}

void watch_begin_probe(struct foreign_key_watch *watch, int action, const char *table)
{
	watch->mode = WATCH_PROBE;
	keep(watch->table, sizeof(watch->table), table);
	watch->deletes = action == SQLITE_DELETE;
}

unsigned watch_count_actions(const struct foreign_key_watch *watch, unsigned own)
{
	unsigned updates = watch->updates > own ? watch->updates - own : 0;

	if (watch->verb == WRITE_DELETE)
		return watch->deletes - (watch->deletes > 0) + watch->others + watch->updates;
	return watch->deletes + watch->others + updates;
}

bool watch_is_harmful_for_certain(const struct foreign_key_watch *watch)
{
	return (watch->verb == WRITE_INSERT || watch->replaces) && watch_count_actions(watch, watch->updates) > 0;
}

bool watch_is_in_doubt(const struct foreign_key_watch *watch)
{
	if (watch->verb == WRITE_INSERT)
		return watch->updates && (watch->has_read || watch->by_triggers);
	return watch->has_updated_after_read;
}

bool watch_has_actions(const struct foreign_key_watch *watch)
{
	return watch_count_actions(watch, watch->updates) > 0 || watch_is_in_doubt(watch);
}

bool watch_has_more(const struct foreign_key_watch *watch)
{
	return watch_has_actions(watch) || watch->by_triggers || (watch->verb == WRITE_INSERT && watch->updates);
}

bool watch_may_recheck(const struct connection *connection, const struct foreign_key_watch *watch)
{
	unsigned minor;

	if (!watch->may_recheck && (watch->verb != WRITE_UPDATE || !watch->replaces))
		return false;
	minor = (unsigned)connection->sqlite->minor;
	return minor >= 26 && minor < 54;
}

bool watch_may_miscount(const struct connection *connection, const struct foreign_key_watch *watch)
{
	return connection->foreign_keys.prepares_once && connection->foreign_keys.bits->refuses_negative && watch->has_updated &&
	       watch->verb != WRITE_DELETE;
}

bool watch_is_clear(const struct connection *connection, const struct foreign_key_watch *watch)
{
	if (watch->ignored || watch_may_recheck(connection, watch))
		return false;
	return !watch_has_actions(watch) || (watch->verb == WRITE_DELETE && !watch->by_triggers);
}
