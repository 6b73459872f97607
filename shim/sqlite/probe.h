/* probe.h - finds where a connection keeps what is set on it: a value is set through SQLite's own functions, and the connection's
 * memory is searched for it. The memory is only read.
 *
 * A callback is set with the probe as its argument, so that the two are found as a pair. The caller holds the connection's mutex,
 * and restores what it has changed, from probe_before(). */
#ifndef SQLPROD_SQLITE_PROBE_H
#define SQLPROD_SQLITE_PROBE_H

#include "sqlite/sqlite.h"

#include <stdint.h>
#include <string.h>

#define OFFSET_UNKNOWN SIZE_MAX

struct probe {
	const struct sqlite *sqlite;
	sqlite3 *db;
	const unsigned char *bytes; /* the connection, now */
	unsigned char *before;      /* its bytes when the probe began; and as many again, for probe_place_of_byte() */
	size_t size;
};

/* A callback and its argument, as they lie in the connection. */
struct pair {
	void *callback, *argument;
};

/* Calls work with a connection of our own, in memory; nothing if there can be none. Automatic extensions of the program's do not
 * see it if they were registered after probe_goes_first(), and no callback of others sees what is done with it. */
void probe_run(const struct sqlite *sqlite, void (*work)(const struct sqlite *sqlite, sqlite3 *db, void *argument), void *argument);

/* The same with a connection to a file, by that VFS (NULL: SQLite's own choice). */
void probe_run_beside(const struct sqlite *sqlite, const char *path, const char *vfs,
		      void (*work)(const struct sqlite *sqlite, sqlite3 *db, void *argument), void *argument);

/* The program is about to register an automatic extension: one of ours comes before it. It may keep handles that it is shown. */
void probe_goes_first(const struct sqlite *sqlite);

/* Was one registered that way? Other handles of ours are shown to it. */
bool probe_has_others(void);

/* With sqlite and db set by the caller: copies the connection's bytes. False if memory is out or the copy cannot return the size of
 * a connection; then there is nothing to end. */
bool probe_begin(struct probe *probe);
void probe_end(struct probe *probe);

/* The connection as it was when the probe began, for the functions that read callbacks out of one. */
const sqlite3 *probe_before(const struct probe *probe);

/* The offset of the pair of this callback and the probe; reversed: of the probe and this callback. OFFSET_UNKNOWN if there is none,
 * or more than one. */
size_t probe_place_of(const struct probe *probe, void *callback);
size_t probe_place_of_reversed(const struct probe *probe, void *callback);

/* The offset of the first int that changes when set() sets another number; OFFSET_UNKNOWN if there is none. */
size_t probe_place_of_number(const struct probe *probe, void (*set)(const struct probe *probe, int number));

/* The offset of the only byte that has each of these values when set() has set it; OFFSET_UNKNOWN if there is none, or more than
 * one. The last value stays set. */
size_t probe_place_of_byte(const struct probe *probe, const unsigned char *values, size_t count,
			   void (*set)(const struct probe *probe, unsigned char value));

/* A list of what was found, one result for each copy of SQLite: the first member of a struct that holds it. Entries stay for ever.
 * Lock-free: fork() cannot copy a held lock. If two threads probe one copy at once it has two entries, which are the same. */
struct probed {
	struct probed *next;
	const struct sqlite *sqlite;
};

/* The entry for this copy; NULL if there is none yet. */
struct probed *probed_find(struct probed *_Atomic *list, const struct sqlite *sqlite);
void probed_add(struct probed *_Atomic *list, struct probed *probed);

static inline struct pair pair_at(const void *bytes, size_t offset)
{
	struct pair pair;

	memcpy(&pair, (const char *)bytes + offset, sizeof(pair));
	return pair;
}

#endif
