/* slot.c - learns where a connection keeps its callbacks. */
#include "slot.h"

#include <stdlib.h>
#include <string.h>

/* More than any connection has: 3.50 has 800 bytes. */
#define SIZE_LIMIT 65536

/* A value that nothing else in a connection has. */
#define STRANGE_TIMEOUT 0x2b5a17c3

/* A callback and its argument, as they lie in the connection. */
struct pair {
	void *callback, *argument;
};

struct lesson {
	const struct sqlite *sqlite;
	sqlite3 *db;
	const unsigned char *bytes; /* the connection */
	unsigned char *before;      /* what it was */
	size_t size;
};

static int probe_busy(void *argument, int count)
{
	(void)argument;
	(void)count;
	return 0;
}

static int probe_authorizer(void *argument, int action, const char *first, const char *second, const char *schema, const char *by)
{
	(void)argument;
	(void)action;
	(void)first;
	(void)second;
	(void)schema;
	(void)by;
	return SQLITE_OK;
}

static int probe_trace(unsigned event, void *argument, void *subject, void *detail)
{
	(void)event;
	(void)argument;
	(void)subject;
	(void)detail;
	return 0;
}

/* The first place from `from` on where the pattern stands at a multiple of its alignment; SLOT_UNKNOWN if there is none. */
static size_t next_place(const struct lesson *lesson, size_t from, const void *pattern, size_t length, size_t alignment)
{
	for (size_t i = from; i + length <= lesson->size; i += alignment)
		if (memcmp(lesson->bytes + i, pattern, length) == 0)
			return i;
	return SLOT_UNKNOWN;
}

/* The only place where the callback stands before our argument; SLOT_UNKNOWN if there is none or more than one. */
static size_t place_of(const struct lesson *lesson, void *callback)
{
	struct pair pair = {callback, (void *)(uintptr_t)lesson};
	size_t place = next_place(lesson, 0, &pair, sizeof(pair), sizeof(void *));

	if (place == SLOT_UNKNOWN ||
	    next_place(lesson, place + sizeof(void *), &pair, sizeof(pair), sizeof(void *)) != SLOT_UNKNOWN)
		return SLOT_UNKNOWN;
	return place;
}

static struct pair pair_at(const void *bytes, size_t place)
{
	struct pair pair;

	memcpy(&pair, (const char *)bytes + place, sizeof(pair));
	return pair;
}

static void learn_busy(struct lesson *lesson, struct slot_layout *out)
{
	const struct sqlite *sqlite = lesson->sqlite;
	int timeout = STRANGE_TIMEOUT;
	size_t busy, told;
	struct pair pair;

	sqlite->busy_handler(lesson->db, probe_busy, lesson);
	busy = place_of(lesson, (void *)(uintptr_t)probe_busy);
	sqlite->busy_timeout(lesson->db, timeout);
	/* SQLITE_ENABLE_SETLK_TIMEOUT (APSW) keeps a second one behind it */
	told = next_place(lesson, 0, &timeout, sizeof(timeout), sizeof(int));
	sqlite->busy_timeout(lesson->db, 1);
	if (busy == SLOT_UNKNOWN || told == SLOT_UNKNOWN)
		return;
	pair = pair_at(lesson->bytes, busy);
	/* SQLite's own handler has the connection as its argument */
	if (!pair.callback || pair.callback == (void *)(uintptr_t)probe_busy || pair.argument != lesson->db)
		return;
	out->busy = busy;
	out->timeout = told;
	*(void **)&out->stock = pair.callback;
	pair = pair_at(lesson->before, busy);
	memcpy(&timeout, lesson->before + told, sizeof(timeout));
	if (pair.callback && pair.callback != *(void **)&out->stock)
		sqlite->busy_handler(lesson->db, (int (*)(void *, int))(uintptr_t)pair.callback, pair.argument);
	else
		sqlite->busy_timeout(lesson->db, pair.callback ? timeout : 0);
}

static void learn_authorizer(struct lesson *lesson, struct slot_layout *out)
{
	struct authorizer_slot slot = {NULL, NULL};

	lesson->sqlite->set_authorizer(lesson->db, probe_authorizer, lesson);
	out->authorizer = place_of(lesson, (void *)(uintptr_t)probe_authorizer);
	slot_read_authorizer(out, (const sqlite3 *)(const void *)lesson->before, &slot);
	lesson->sqlite->set_authorizer(lesson->db, slot.authorizer, slot.argument);
}

/* The only byte that follows the mask through these values. */
static size_t place_of_mask(struct lesson *lesson)
{
	static const unsigned char masks[] = {0x0f, 0x05, 0x0a, 0x01};
	unsigned char *follows = calloc(1, lesson->size);
	size_t place = SLOT_UNKNOWN;

	for (size_t i = 0; follows && i < sizeof(masks); i++) {
		lesson->sqlite->trace_v2(lesson->db, masks[i], probe_trace, lesson);
		for (size_t at = 0; at < lesson->size; at++)
			follows[at] += lesson->bytes[at] == masks[i];
	}
	for (size_t at = 0; follows && at < lesson->size; at++) {
		if (follows[at] != sizeof(masks))
			continue;
		if (place != SLOT_UNKNOWN) {
			place = SLOT_UNKNOWN;
			break;
		}
		place = at;
	}
	free(follows);
	return place;
}

static void learn_trace(struct lesson *lesson, struct slot_layout *out)
{
	struct trace_slot slot = {.mask = 0};
	size_t mask;

	if (lesson->sqlite->trace_v2(lesson->db, 0x0f, probe_trace, lesson) != SQLITE_OK)
		return;
	mask = place_of_mask(lesson);
	out->trace = mask == SLOT_UNKNOWN ? SLOT_UNKNOWN : place_of(lesson, (void *)(uintptr_t)probe_trace);
	out->mask = mask;
	slot_read_trace(out, (const sqlite3 *)(const void *)lesson->before, &slot);
	lesson->sqlite->trace_v2(lesson->db, slot.mask, slot.trace_v2, slot.argument);
}

void slot_learn(const struct sqlite *sqlite, sqlite3 *db, struct slot_layout *out)
{
	struct lesson lesson = {.sqlite = sqlite, .db = db, .bytes = (const unsigned char *)db};

	*out = (struct slot_layout){.busy = SLOT_UNKNOWN, .authorizer = SLOT_UNKNOWN, .trace = SLOT_UNKNOWN};
	lesson.size = sqlite->msize ? (size_t)sqlite->msize(db) : 0;
	lesson.before = lesson.size >= sizeof(struct pair) && lesson.size <= SIZE_LIMIT ? malloc(lesson.size) : NULL;
	if (!lesson.before)
		return;
	memcpy(lesson.before, lesson.bytes, lesson.size);
	learn_busy(&lesson, out);
	learn_authorizer(&lesson, out);
	learn_trace(&lesson, out);
	free(lesson.before);
}

bool slot_read_busy(const struct slot_layout *layout, const sqlite3 *db, struct busy_slot *out)
{
	struct pair pair;

	if (layout->busy == SLOT_UNKNOWN)
		return false;
	pair = pair_at(db, layout->busy);
	*out = (struct busy_slot){.argument = pair.argument};
	*(void **)&out->handler = pair.callback;
	memcpy(&out->timeout, (const char *)db + layout->timeout, sizeof(out->timeout));
	return true;
}

bool slot_read_authorizer(const struct slot_layout *layout, const sqlite3 *db, struct authorizer_slot *out)
{
	struct pair pair;

	if (layout->authorizer == SLOT_UNKNOWN)
		return false;
	pair = pair_at(db, layout->authorizer);
	*(void **)&out->authorizer = pair.callback;
	out->argument = pair.argument;
	return true;
}

bool slot_read_trace(const struct slot_layout *layout, const sqlite3 *db, struct trace_slot *out)
{
	struct pair pair;

	if (layout->trace == SLOT_UNKNOWN)
		return false;
	pair = pair_at(db, layout->trace);
	*(void **)&out->trace_v2 = pair.callback;
	out->argument = pair.argument;
	out->mask = ((const unsigned char *)db)[layout->mask];
	return true;
}
