/* callback_offsets.c - probes where a connection keeps its callbacks. */
#include "sqlite/callback_offsets.h"

#include "sqlite/callbacks.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* More than any connection has: 3.50 has 800 bytes. */
#define SIZE_LIMIT 65536

/* A callback and its argument, as they lie in the connection. */
struct pair {
	void *callback, *argument;
};

struct lesson {
	const struct sqlite *sqlite;
	sqlite3 *db;
	const unsigned char *bytes; /* the connection */
	unsigned char *before;      /* its bytes before */
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

static int probe_hook(void *argument)
{
	(void)argument;
	return 0;
}

static void probe_rollback(void *argument)
{
	(void)argument;
}

static int probe_wal(void *argument, sqlite3 *db, const char *schema, int frames)
{
	(void)argument;
	(void)db;
	(void)schema;
	(void)frames;
	return SQLITE_OK;
}

const struct callback_offsets offsets_unknown = {
	.authorizer = OFFSET_UNKNOWN,
	.trace = OFFSET_UNKNOWN,
	.commit = OFFSET_UNKNOWN,
	.rollback = OFFSET_UNKNOWN,
	.progress = OFFSET_UNKNOWN,
	.wal = OFFSET_UNKNOWN,
};

/* The first place from `from` on where the pattern stands at a multiple of its alignment; OFFSET_UNKNOWN if there is none. */
static size_t next_place(const struct lesson *lesson, size_t from, const void *pattern, size_t length, size_t alignment)
{
	for (size_t i = from; i + length <= lesson->size; i += alignment)
		if (memcmp(lesson->bytes + i, pattern, length) == 0)
			return i;
	return OFFSET_UNKNOWN;
}

/* The only place where these two lie; OFFSET_UNKNOWN if there is none or more than one. */
static size_t place_of_pair(const struct lesson *lesson, struct pair pair)
{
	size_t place = next_place(lesson, 0, &pair, sizeof(pair), sizeof(void *));

	if (place == OFFSET_UNKNOWN ||
	    next_place(lesson, place + sizeof(void *), &pair, sizeof(pair), sizeof(void *)) != OFFSET_UNKNOWN)
		return OFFSET_UNKNOWN;
	return place;
}

/* Where the callback lies before our argument. */
static size_t place_of(const struct lesson *lesson, void *callback)
{
	return place_of_pair(lesson, (struct pair){callback, (void *)(uintptr_t)lesson});
}

/* Where it lies after our argument. */
static size_t place_of_reversed(const struct lesson *lesson, void *callback)
{
	return place_of_pair(lesson, (struct pair){(void *)(uintptr_t)lesson, callback});
}

static struct pair pair_at(const void *bytes, size_t place)
{
	struct pair pair;

	memcpy(&pair, (const char *)bytes + place, sizeof(pair));
	return pair;
}

/* The first int that changes with the timeout from one unlikely number to another: SQLITE_ENABLE_SETLK_TIMEOUT (APSW) has a second
 * one after it. */
static size_t place_of_timeout(const struct lesson *lesson)
{
	const int first = 0x3a95c7e1, second = 0x5c6a3b1e;
	int now;

	for (size_t at = 0; at + sizeof(now) <= lesson->size; at += sizeof(now)) {
		lesson->sqlite->busy_timeout(lesson->db, first);
		at = next_place(lesson, at, &first, sizeof(first), sizeof(int));
		if (at == OFFSET_UNKNOWN)
			break;
		lesson->sqlite->busy_timeout(lesson->db, second);
		memcpy(&now, lesson->bytes + at, sizeof(now));
		if (now == second)
			return at;
	}
	return OFFSET_UNKNOWN;
}

/* Leaves one of our timeouts set. */
static bool learn_busy(struct lesson *lesson, struct busy_offsets *out)
{
	struct pair pair;

	lesson->sqlite->busy_handler(lesson->db, probe_busy, lesson);
	out->handler = place_of(lesson, (void *)(uintptr_t)probe_busy);
	out->timeout = place_of_timeout(lesson);
	if (out->handler == OFFSET_UNKNOWN || out->timeout == OFFSET_UNKNOWN)
		return false;
	pair = pair_at(lesson->bytes, out->handler);
	*(void **)&out->stock = pair.callback;
	return pair.callback && pair.callback != (void *)(uintptr_t)probe_busy && pair.argument == lesson->db;
}

static void restore_busy(const struct lesson *lesson, const struct busy_offsets *layout)
{
	const struct sqlite *sqlite = lesson->sqlite;
	struct busy_callback slot = {.handler = NULL};

	if (callback_read_busy(layout, (const sqlite3 *)(const void *)lesson->before, &slot) && slot.handler &&
	    slot.handler != layout->stock)
		sqlite->busy_handler(lesson->db, slot.handler, slot.argument);
	else
		sqlite->busy_timeout(lesson->db, slot.handler ? slot.timeout : 0);
}

static bool lesson_begin(struct lesson *lesson)
{
	const struct sqlite *sqlite = lesson->sqlite;

	lesson->bytes = (const unsigned char *)lesson->db;
	lesson->size = sqlite->msize ? (size_t)sqlite->msize(lesson->db) : 0;
	lesson->before = lesson->size >= sizeof(struct pair) && lesson->size <= SIZE_LIMIT ? malloc(lesson->size) : NULL;
	if (!lesson->before)
		return false;
	memcpy(lesson->before, lesson->bytes, lesson->size);
	return true;
}

/* The results for each copy. Never shrinks. Lock-free: fork() cannot copy a held lock. */
struct learnt {
	struct learnt *next;
	const struct sqlite *sqlite;
	bool known;
	struct busy_offsets busy;
};
static struct learnt *_Atomic lessons_learnt;

static const struct busy_offsets *busy_of(const struct learnt *learnt)
{
	return learnt->known ? &learnt->busy : NULL;
}

static const struct learnt *find_learnt(const struct sqlite *sqlite)
{
	const struct learnt *learnt = atomic_load(&lessons_learnt);

	while (learnt && learnt->sqlite != sqlite)
		learnt = learnt->next;
	return learnt;
}

const struct busy_offsets *offsets_busy_if_known(const struct sqlite *sqlite)
{
	const struct learnt *known = find_learnt(sqlite);

	return known ? busy_of(known) : NULL;
}

const struct busy_offsets *offsets_busy(const struct sqlite *sqlite, sqlite3 *db)
{
	struct lesson lesson = {.sqlite = sqlite, .db = db};
	const struct learnt *known = find_learnt(sqlite);
	struct learnt *learnt;

	if (known)
		return busy_of(known);
	learnt = calloc(1, sizeof(*learnt));
	if (!learnt || !lesson_begin(&lesson)) {
		free(learnt);
		return NULL;
	}
	learnt->sqlite = sqlite;
	learnt->known = learn_busy(&lesson, &learnt->busy);
	restore_busy(&lesson, busy_of(learnt));
	free(lesson.before);
	/* two threads may both get here: two records of one copy are harmless */
	learnt->next = atomic_load(&lessons_learnt);
	while (!atomic_compare_exchange_weak(&lessons_learnt, &learnt->next, learnt))
		;
	return busy_of(learnt);
}

static void learn_authorizer(struct lesson *lesson, struct callback_offsets *out)
{
	struct authorizer_callback slot = {NULL, NULL};

	lesson->sqlite->set_authorizer(lesson->db, probe_authorizer, lesson);
	out->authorizer = place_of(lesson, (void *)(uintptr_t)probe_authorizer);
	callback_read_authorizer(out, (const sqlite3 *)(const void *)lesson->before, &slot);
	lesson->sqlite->set_authorizer(lesson->db, slot.authorizer, slot.argument);
}

/* The only byte that takes the mask's value each time. */
static size_t place_of_mask(struct lesson *lesson)
{
	static const unsigned char masks[] = {0x0f, 0x05, 0x0a, 0x01};
	unsigned char *follows = calloc(1, lesson->size);
	size_t place = OFFSET_UNKNOWN;

	for (size_t i = 0; follows && i < sizeof(masks); i++) {
		lesson->sqlite->trace_v2(lesson->db, masks[i], probe_trace, lesson);
		for (size_t at = 0; at < lesson->size; at++)
			follows[at] += lesson->bytes[at] == masks[i];
	}
	for (size_t at = 0; follows && at < lesson->size; at++) {
		if (follows[at] != sizeof(masks))
			continue;
		if (place != OFFSET_UNKNOWN) {
			place = OFFSET_UNKNOWN;
			break;
		}
		place = at;
	}
	free(follows);
	return place;
}

static void learn_trace(struct lesson *lesson, struct callback_offsets *out)
{
	struct trace_callback slot = {.mask = 0};
	size_t mask;

	if (lesson->sqlite->trace_v2(lesson->db, 0x0f, probe_trace, lesson) != SQLITE_OK)
		return;
	mask = place_of_mask(lesson);
	out->trace = mask == OFFSET_UNKNOWN ? OFFSET_UNKNOWN : place_of(lesson, (void *)(uintptr_t)probe_trace);
	out->mask = mask;
	callback_read_trace(out, (const sqlite3 *)(const void *)lesson->before, &slot);
	lesson->sqlite->trace_v2(lesson->db, slot.mask, slot.trace_v2, slot.argument);
}

static void learn_commit(struct lesson *lesson, struct callback_offsets *out)
{
	struct hook_callbacks before = {.commit = NULL};

	lesson->sqlite->commit_hook(lesson->db, probe_hook, lesson);
	lesson->sqlite->rollback_hook(lesson->db, probe_rollback, lesson);
	out->commit = place_of_reversed(lesson, (void *)(uintptr_t)probe_hook);
	out->rollback = place_of_reversed(lesson, (void *)(uintptr_t)probe_rollback);
	callback_read_hooks(out, (const sqlite3 *)(const void *)lesson->before, &before);
	lesson->sqlite->commit_hook(lesson->db, before.commit, before.commit_argument);
	lesson->sqlite->rollback_hook(lesson->db, before.rollback, before.rollback_argument);
}

/* The number of steps is the first int that follows it. */
static size_t place_of_steps(const struct lesson *lesson)
{
	const int first = 0x2b84d6f3, second = 0x4d7c2a9f;
	int now;

	for (size_t at = 0; at + sizeof(now) <= lesson->size; at += sizeof(now)) {
		lesson->sqlite->progress_handler(lesson->db, first, probe_hook, (void *)(uintptr_t)lesson);
		at = next_place(lesson, at, &first, sizeof(first), sizeof(int));
		if (at == OFFSET_UNKNOWN)
			break;
		lesson->sqlite->progress_handler(lesson->db, second, probe_hook, (void *)(uintptr_t)lesson);
		memcpy(&now, lesson->bytes + at, sizeof(now));
		if (now == second)
			return at;
	}
	return OFFSET_UNKNOWN;
}

static void learn_progress(struct lesson *lesson, struct callback_offsets *out)
{
	struct hook_callbacks before = {.progress = NULL};

	if (!lesson->sqlite->has_progress)
		return;
	out->progress_steps = place_of_steps(lesson);
	if (out->progress_steps != OFFSET_UNKNOWN)
		out->progress = place_of(lesson, (void *)(uintptr_t)probe_hook);
	callback_read_hooks(out, (const sqlite3 *)(const void *)lesson->before, &before);
	lesson->sqlite->progress_handler(lesson->db, before.progress_steps, before.progress, before.progress_argument);
}

static void learn_wal(struct lesson *lesson, struct callback_offsets *out)
{
	struct pair before, stock;
	int (*hook)(void *, sqlite3 *, const char *, int) = NULL;

	lesson->sqlite->wal_hook(lesson->db, probe_wal, lesson);
	out->wal = place_of(lesson, (void *)(uintptr_t)probe_wal);
	if (out->wal == OFFSET_UNKNOWN)
		return;
	before = pair_at(lesson->before, out->wal);
	lesson->sqlite->wal_autocheckpoint(lesson->db, 1000);
	stock = pair_at(lesson->bytes, out->wal);
	out->sqlite_wal_hook = stock.callback;
	*(void **)&hook = before.callback;
	lesson->sqlite->wal_hook(lesson->db, hook, before.argument);
}

void offsets_probe(const struct sqlite *sqlite, sqlite3 *db, struct callback_offsets *out)
{
	struct lesson lesson = {.sqlite = sqlite, .db = db};

	*out = offsets_unknown;
	out->busy = offsets_busy(sqlite, db);
	if (!lesson_begin(&lesson))
		return;
	learn_authorizer(&lesson, out);
	learn_trace(&lesson, out);
	learn_commit(&lesson, out);
	learn_progress(&lesson, out);
	learn_wal(&lesson, out);
	free(lesson.before);
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

bool callback_read_authorizer(const struct callback_offsets *layout, const sqlite3 *db, struct authorizer_callback *out)
{
	struct pair pair;

	if (layout->authorizer == OFFSET_UNKNOWN)
		return false;
	pair = pair_at(db, layout->authorizer);
	*(void **)&out->authorizer = pair.callback;
	out->argument = pair.argument;
	return true;
}

bool callback_read_trace(const struct callback_offsets *layout, const sqlite3 *db, struct trace_callback *out)
{
	struct pair pair;

	if (layout->trace == OFFSET_UNKNOWN)
		return false;
	pair = pair_at(db, layout->trace);
	*(void **)&out->trace_v2 = pair.callback;
	out->argument = pair.argument;
	out->mask = ((const unsigned char *)db)[layout->mask];
	return true;
}

void callback_read_hooks(const struct callback_offsets *layout, const sqlite3 *db, struct hook_callbacks *out)
{
	struct pair pair;

	if (layout->commit != OFFSET_UNKNOWN) {
		pair = pair_at(db, layout->commit);
		*(void **)&out->commit = pair.argument;
		out->commit_argument = pair.callback;
	}
	if (layout->rollback != OFFSET_UNKNOWN) {
		pair = pair_at(db, layout->rollback);
		*(void **)&out->rollback = pair.argument;
		out->rollback_argument = pair.callback;
	}
	if (layout->progress != OFFSET_UNKNOWN) {
		pair = pair_at(db, layout->progress);
		*(void **)&out->progress = pair.callback;
		out->progress_argument = pair.argument;
		memcpy(&out->progress_steps, (const char *)db + layout->progress_steps, sizeof(out->progress_steps));
	}
}

bool callback_has_wal_hook(const struct callback_offsets *layout, const sqlite3 *db)
{
	struct pair pair;

	if (layout->wal == OFFSET_UNKNOWN)
		return false;
	pair = pair_at(db, layout->wal);
	return pair.callback && pair.callback != layout->sqlite_wal_hook;
}
