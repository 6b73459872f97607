/* probe.c - finds where a connection keeps what is set on it. */
#include "sqlite/probe.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* More than any connection has: 3.50 has 800 bytes. */
#define SIZE_LIMIT 65536

/* What is to be done with the connection that this thread opens. */
struct probe_work {
	const struct sqlite *sqlite;
	void (*work)(const struct sqlite *sqlite, sqlite3 *db, void *argument);
	void *argument;
};
static _Thread_local const struct probe_work *opening;

static void do_work(const struct probe_work *work, sqlite3 *db)
{
	const struct sqlite *sqlite = work->sqlite;

	sqlite->set_authorizer(db, NULL, NULL);
	sqlite->profile(db, NULL, NULL);
	sqlite->trace(db, NULL, NULL);
	sqlite->trace_v2(db, 0, NULL, NULL);
	sqlite->commit_hook(db, NULL, NULL);
	sqlite->rollback_hook(db, NULL, NULL);
	sqlite->progress_handler(db, 0, NULL, NULL);
	if (sqlite->update_hook)
		sqlite->update_hook(db, NULL, NULL);
	work->work(sqlite, db, work->argument);
}

/* An automatic extension may run statements. After one that fails SQLite calls no other. */
static int first_extension(sqlite3 *db, char **message, const struct sqlite3_api_routines *table)
{
	const struct probe_work *work = opening;

	(void)message;
	(void)table;
	if (!work)
		return SQLITE_OK;
	opening = NULL;
	do_work(work, db);
	return SQLITE_ERROR;
}

static atomic_bool has_others;

bool probe_has_others(void)
{
	return atomic_load(&has_others);
}

void probe_goes_first(const struct sqlite *sqlite)
{
	atomic_store(&has_others, true);
	if (sqlite->auto_extension)
		sqlite->auto_extension((void (*)(void))first_extension);
}

static void run(const struct probe_work *todo, const char *name, int flags, const char *vfs)
{
	const struct sqlite *sqlite = todo->sqlite;
	sqlite3 *db = NULL;
	int rc;

	opening = todo;
	rc = sqlite->open_v2(name, &db, flags, vfs);
	opening = NULL;
	if (rc == SQLITE_OK)
		do_work(todo, db);
	sqlite->close(db);
}

void probe_run(const struct sqlite *sqlite, void (*work)(const struct sqlite *sqlite, sqlite3 *db, void *argument), void *argument)
{
	run(&(struct probe_work){sqlite, work, argument}, ":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
}

void probe_run_beside(const struct sqlite *sqlite, const char *path, const char *vfs,
		      void (*work)(const struct sqlite *sqlite, sqlite3 *db, void *argument), void *argument)
{
	run(&(struct probe_work){sqlite, work, argument}, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_PRIVATECACHE, vfs);
}

bool probe_begin(struct probe *probe)
{
	const struct sqlite *sqlite = probe->sqlite;

	probe->bytes = (const unsigned char *)probe->db;
	probe->size = sqlite->msize ? (size_t)sqlite->msize(probe->db) : 0;
	probe->before = probe->size >= sizeof(struct pair) && probe->size <= SIZE_LIMIT ? malloc(2 * probe->size) : NULL;
	if (!probe->before)
		return false;
	memcpy(probe->before, probe->bytes, probe->size);
	return true;
}

void probe_end(struct probe *probe)
{
	free(probe->before);
}

const sqlite3 *probe_before(const struct probe *probe)
{
	return (const sqlite3 *)(const void *)probe->before;
}

/* The first place from `from` on where the pattern is at a multiple of its alignment; OFFSET_UNKNOWN if there is none. */
static size_t next_place(const struct probe *probe, size_t from, const void *pattern, size_t length, size_t alignment)
{
	for (size_t i = from; i + length <= probe->size; i += alignment)
		if (memcmp(probe->bytes + i, pattern, length) == 0)
			return i;
	return OFFSET_UNKNOWN;
}

/* The only place where these two lie; OFFSET_UNKNOWN if there is none or more than one. */
static size_t place_of_pair(const struct probe *probe, struct pair pair)
{
	size_t place = next_place(probe, 0, &pair, sizeof(pair), sizeof(void *));

	if (place == OFFSET_UNKNOWN ||
	    next_place(probe, place + sizeof(void *), &pair, sizeof(pair), sizeof(void *)) != OFFSET_UNKNOWN)
		return OFFSET_UNKNOWN;
	return place;
}

size_t probe_place_of(const struct probe *probe, void *callback)
{
	return place_of_pair(probe, (struct pair){callback, (void *)(uintptr_t)probe});
}

size_t probe_place_of_reversed(const struct probe *probe, void *callback)
{
	return place_of_pair(probe, (struct pair){(void *)(uintptr_t)probe, callback});
}

size_t probe_place_of_number(const struct probe *probe, void (*set)(const struct probe *probe, int number))
{
	const int first = 0x3a95c7e1, second = 0x5c6a3b1e;
	int now;

	for (size_t at = 0; at + sizeof(now) <= probe->size; at += sizeof(now)) {
		set(probe, first);
		at = next_place(probe, at, &first, sizeof(first), sizeof(int));
		if (at == OFFSET_UNKNOWN)
			break;
		set(probe, second);
		memcpy(&now, probe->bytes + at, sizeof(now));
		if (now == second)
			return at;
	}
	return OFFSET_UNKNOWN;
}

size_t probe_place_of_byte(const struct probe *probe, const unsigned char *values, size_t count,
			   void (*set)(const struct probe *probe, unsigned char value))
{
	unsigned char *follows = probe->before + probe->size;
	size_t place = OFFSET_UNKNOWN;

	memset(follows, 0, probe->size);
	for (size_t i = 0; i < count; i++) {
		set(probe, values[i]);
		for (size_t at = 0; at < probe->size; at++)
			follows[at] += probe->bytes[at] == values[i];
	}
	for (size_t at = 0; at < probe->size; at++) {
		if (follows[at] != count)
			continue;
		if (place != OFFSET_UNKNOWN)
			return OFFSET_UNKNOWN;
		place = at;
	}
	return place;
}

struct probed *probed_find(struct probed *_Atomic *list, const struct sqlite *sqlite)
{
	struct probed *probed = atomic_load(list);

	while (probed && probed->sqlite != sqlite)
		probed = probed->next;
	return probed;
}

void probed_add(struct probed *_Atomic *list, struct probed *probed)
{
	probed->next = atomic_load(list);
	while (!atomic_compare_exchange_weak(list, &probed->next, probed))
		;
}
