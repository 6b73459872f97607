/* begin_kind.h - learns which plain BEGINs are not followed by work.
 *
 * A BEGIN is known by its database and its text: pools of drivers send one of their own right after each COMMIT, and a connection
 * that nobody uses then idles in it. Once a transaction has kept the write lock shared for longer than a reservation lasts, and not
 * written, others like it do not share it any more: until they read, if that one had not; at all, if it had. The latter holds until
 * one of them reads and then writes: while it shares nothing, a program without the library can commit between the two, and its
 * write fails. For the process, in a table of fixed size without locks: what falls on one place is one kind. */
#ifndef SQLPROD_LOCKING_BEGIN_KIND_H
#define SQLPROD_LOCKING_BEGIN_KIND_H

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

struct begin_mode;

struct begin_kind {
	atomic_bool idles; /* before the first read */
	atomic_bool reads;
	atomic_bool has_read; /* … once: it was logged */
};

/* The text of a plain BEGIN, and its kind: most programs begin all their transactions by the same one. */
struct begin_seen {
	char text[32];
	unsigned length; /* 0: there is none */
	struct begin_kind *kind;
};

/* Is this text the same one? bytes as for sqlite3_prepare. */
static inline bool begin_seen_is(const struct begin_seen *seen, const char *sql, int bytes)
{
	if (seen->length == 0 || !sql)
		return false;
	return bytes < 0 ? strcmp(seen->text, sql) == 0
			 : (unsigned)bytes == seen->length && memcmp(seen->text, sql, seen->length) == 0;
}

/* Notes it, if it is not too long. */
void begin_seen_note(struct begin_seen *seen, const char *sql, struct begin_kind *kind);

/* database is what begin_mode_find() returned. */
struct begin_kind *begin_kind_find(const struct begin_mode *database, const char *sql);

/* One has read, and now writes. */
static inline void begin_kind_wrote(struct begin_kind *kind)
{
	if (atomic_load_explicit(&kind->reads, memory_order_relaxed))
		atomic_store_explicit(&kind->reads, false, memory_order_relaxed);
}

/* One has idled, or has read and not written, for so long. Logs this the first time, with the path. */
void begin_kind_learn(struct begin_kind *kind, bool has_read, const char *path);

static inline bool begin_kind_idles(const struct begin_kind *kind)
{
	return atomic_load_explicit(&kind->idles, memory_order_relaxed);
}

static inline bool begin_kind_reads(const struct begin_kind *kind)
{
	return atomic_load_explicit(&kind->reads, memory_order_relaxed);
}

#endif
