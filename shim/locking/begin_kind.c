/* begin_kind.c - the table. */
#include "locking/begin_kind.h"

#include "base/log.h"
#include "sql/token.h"

#include <stdint.h>

#define KINDS 4096

static struct begin_kind kinds[KINDS];

static uint32_t add(uint32_t hash, unsigned unit)
{
	return (hash ^ unit) * 16777619u;
}

/* FNV-1a of the words in any case; comments do not count: some programs write what they trace into them. */
struct begin_kind *begin_kind_find(const struct begin_mode *database, const char *sql)
{
	struct sql_text text = sql_text_utf8(sql, -1);
	uint32_t hash = add(2166136261u, (unsigned)(uintptr_t)database);

	for (struct token token = token_find(&text, 0); token.kind != TOKEN_END; token = token_next(&text, token)) {
		for (size_t at = token.span.start; at < token.span.end; at++)
			hash = add(hash, unit_fold(unit_get(&text, at)));
		hash = add(hash, ' ');
	}
	return &kinds[(hash ^ hash >> 12) % KINDS];
}

void begin_seen_note(struct begin_seen *seen, const char *sql, struct begin_kind *kind)
{
	size_t length = strnlen(sql, sizeof(seen->text));

	if (length == sizeof(seen->text))
		return;
	memcpy(seen->text, sql, length + 1);
	seen->length = (unsigned)length;
	seen->kind = kind;
}

void begin_kind_learn(struct begin_kind *kind, bool has_read, const char *path)
{
	if (has_read)
		atomic_store_explicit(&kind->reads, true, memory_order_relaxed);
	if (atomic_exchange_explicit(has_read ? &kind->has_read : &kind->idles, true, memory_order_relaxed))
		return;
	log_write(
		LOG_INFO,
		"%s: a transaction %s for longer than SQLPROD_RESERVE: from now on such a BEGIN leaves the write lock to programs "
		"without the library until its transaction %s. SQLPROD_BEGIN=immediate makes each BEGIN take the write lock",
		path, has_read ? "read, and did not write," : "idled after BEGIN", has_read ? "writes" : "reads");
}
