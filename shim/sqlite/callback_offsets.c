/* callback_offsets.c - probes where a connection keeps its callbacks. */
#include "sqlite/callback_offsets.h"

#include "sqlite/probe.h"

#include <string.h>

static int stub_authorizer(void *argument, int action, const char *first, const char *second, const char *schema, const char *by)
{
	(void)argument;
	(void)action;
	(void)first;
	(void)second;
	(void)schema;
	(void)by;
	return SQLITE_OK;
}

static int stub_trace(unsigned event, void *argument, void *subject, void *detail)
{
	(void)event;
	(void)argument;
	(void)subject;
	(void)detail;
	return 0;
}

static int stub_hook(void *argument)
{
	(void)argument;
	return 0;
}

static void stub_rollback(void *argument)
{
	(void)argument;
}

static int stub_wal(void *argument, sqlite3 *db, const char *schema, int frames)
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

static void learn_authorizer(struct probe *probe, struct callback_offsets *out)
{
	struct authorizer_callback before = {NULL, NULL};

	probe->sqlite->set_authorizer(probe->db, stub_authorizer, probe);
	out->authorizer = probe_place_of(probe, (void *)(uintptr_t)stub_authorizer);
	callback_read_authorizer(out, probe_before(probe), &before);
	probe->sqlite->set_authorizer(probe->db, before.authorizer, before.argument);
}

size_t offsets_probe_authorizer(const struct sqlite *sqlite, sqlite3 *db)
{
	struct probe probe = {.sqlite = sqlite, .db = db};
	struct callback_offsets out = offsets_unknown;

	if (probe_begin(&probe)) {
		learn_authorizer(&probe, &out);
		probe_end(&probe);
	}
	return out.authorizer;
}

static void set_mask(const struct probe *probe, unsigned char mask)
{
	probe->sqlite->trace_v2(probe->db, mask, stub_trace, (void *)(uintptr_t)probe);
}

static void learn_trace(struct probe *probe, struct callback_offsets *out)
{
	static const unsigned char masks[] = {0x0f, 0x05, 0x0a, 0x01};
	struct trace_callback before = {.mask = 0};
	size_t mask;

	if (probe->sqlite->trace_v2(probe->db, 0x0f, stub_trace, probe) != SQLITE_OK)
		return;
	mask = probe_place_of_byte(probe, masks, sizeof(masks), set_mask);
	out->trace = mask == OFFSET_UNKNOWN ? OFFSET_UNKNOWN : probe_place_of(probe, (void *)(uintptr_t)stub_trace);
	out->mask = mask;
	callback_read_trace(out, probe_before(probe), &before);
	probe->sqlite->trace_v2(probe->db, before.mask, before.trace_v2, before.argument);
}

static void learn_commit(struct probe *probe, struct callback_offsets *out)
{
	struct hook_callbacks before = {.commit = NULL};

	probe->sqlite->commit_hook(probe->db, stub_hook, probe);
	probe->sqlite->rollback_hook(probe->db, stub_rollback, probe);
	out->commit = probe_place_of_reversed(probe, (void *)(uintptr_t)stub_hook);
	out->rollback = probe_place_of_reversed(probe, (void *)(uintptr_t)stub_rollback);
	callback_read_hooks(out, probe_before(probe), &before);
	probe->sqlite->commit_hook(probe->db, before.commit, before.commit_argument);
	probe->sqlite->rollback_hook(probe->db, before.rollback, before.rollback_argument);
}

/* The number of steps is the first int that follows it. */
static void set_steps(const struct probe *probe, int steps)
{
	probe->sqlite->progress_handler(probe->db, steps, stub_hook, (void *)(uintptr_t)probe);
}

static void learn_progress(struct probe *probe, struct callback_offsets *out)
{
	struct hook_callbacks before = {.progress = NULL};

	if (!probe->sqlite->has_progress)
		return;
	out->progress_steps = probe_place_of_number(probe, set_steps);
	if (out->progress_steps != OFFSET_UNKNOWN)
		out->progress = probe_place_of(probe, (void *)(uintptr_t)stub_hook);
	callback_read_hooks(out, probe_before(probe), &before);
	probe->sqlite->progress_handler(probe->db, before.progress_steps, before.progress, before.progress_argument);
}

static void learn_wal(struct probe *probe, struct callback_offsets *out)
{
	struct pair before, stock;
	int (*hook)(void *, sqlite3 *, const char *, int) = NULL;

	probe->sqlite->wal_hook(probe->db, stub_wal, probe);
	out->wal = probe_place_of(probe, (void *)(uintptr_t)stub_wal);
	if (out->wal == OFFSET_UNKNOWN)
		return;
	before = pair_at(probe->before, out->wal);
	probe->sqlite->wal_autocheckpoint(probe->db, 1000);
	stock = pair_at(probe->bytes, out->wal);
	out->sqlite_wal_hook = stock.callback;
	*(void **)&hook = before.callback;
	probe->sqlite->wal_hook(probe->db, hook, before.argument);
}

void offsets_probe(const struct sqlite *sqlite, sqlite3 *db, struct callback_offsets *out)
{
	struct probe probe = {.sqlite = sqlite, .db = db};

	*out = offsets_unknown;
	out->busy = offsets_busy(sqlite, db);
	if (!probe_begin(&probe))
		return;
	learn_authorizer(&probe, out);
	learn_trace(&probe, out);
	learn_commit(&probe, out);
	learn_progress(&probe, out);
	learn_wal(&probe, out);
	probe_end(&probe);
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

bool callback_show_statements(const struct callback_offsets *layout, sqlite3 *db, const void *argument, bool show)
{
	struct trace_callback installed;
	unsigned char *mask;

	if (!callback_read_trace(layout, db, &installed) || installed.argument != argument || installed.mask & TRACE_MASK_LEGACY)
		return false;
	mask = (unsigned char *)db + layout->mask;
	*mask = (unsigned char)(show ? *mask | SQLITE_TRACE_STMT : *mask & ~SQLITE_TRACE_STMT);
	return true;
}

unsigned char callback_silence_traces(const struct callback_offsets *layout, sqlite3 *db)
{
	unsigned char mask;

	if (layout->trace == OFFSET_UNKNOWN)
		return 0;
	mask = ((unsigned char *)db)[layout->mask];
	((unsigned char *)db)[layout->mask] = 0;
	return mask;
}

void callback_restore_traces(const struct callback_offsets *layout, sqlite3 *db, unsigned char mask)
{
	if (mask)
		((unsigned char *)db)[layout->mask] = mask;
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

bool callback_checkpoints(const struct callback_offsets *layout, const sqlite3 *db, uint32_t frames)
{
	struct pair pair;

	if (layout->wal == OFFSET_UNKNOWN)
		return false;
	pair = pair_at(db, layout->wal);
	return pair.callback && pair.callback == layout->sqlite_wal_hook && (intptr_t)pair.argument <= (intptr_t)frames;
}
