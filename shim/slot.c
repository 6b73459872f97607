/* slot.c - learns where a connection keeps its busy handler. */
#include "slot.h"

#include <string.h>

/* Values that nothing else in a connection has. */
#define STRANGE_TIMEOUT 0x2b5a17c3

static int probe_handler(void *argument, int count)
{
	(void)argument;
	(void)count;
	return 0;
}

/* The first place in bytes[0..size) where the pattern stands at a multiple of its alignment; size if there is none. */
static size_t find_place(const unsigned char *bytes, size_t size, const void *pattern, size_t length, size_t alignment)
{
	for (size_t i = 0; i + length <= size; i += alignment)
		if (memcmp(bytes + i, pattern, length) == 0)
			return i;
	return size;
}

void slot_learn(const struct sqlite *sqlite, sqlite3 *db, struct slot_layout *out)
{
	const unsigned char *bytes = (const unsigned char *)db;
	int timeout = STRANGE_TIMEOUT;
	size_t size;
	struct {
		int (*handler)(void *, int);
		const void *argument;
	} pair = {probe_handler, &timeout};

	out->known = false;
	size = sqlite->msize ? (size_t)sqlite->msize(db) : 0;
	if (size < sizeof(pair) || size > 65536)
		return;
	sqlite->busy_handler(db, probe_handler, &timeout);
	out->handler = find_place(bytes, size, &pair, sizeof(pair), sizeof(void *));
	sqlite->busy_timeout(db, timeout);
	/* SQLITE_ENABLE_SETLK_TIMEOUT keeps a second one behind it */
	out->timeout = find_place(bytes, size, &timeout, sizeof(timeout), sizeof(int));
	if (out->handler < size && out->timeout < size) {
		memcpy(&pair, bytes + out->handler, sizeof(pair));
		out->stock = pair.handler;
		/* SQLite's own handler has the connection as its argument */
		out->known = pair.handler && pair.handler != probe_handler && pair.argument == db;
	}
	sqlite->busy_timeout(db, 0);
}

void slot_read(const struct slot_layout *layout, const sqlite3 *db, int (**handler)(void *, int), void **argument, int *timeout)
{
	const unsigned char *bytes = (const unsigned char *)db;

	memcpy(handler, bytes + layout->handler, sizeof(*handler));
	memcpy(argument, bytes + layout->handler + sizeof(*handler), sizeof(*argument));
	memcpy(timeout, bytes + layout->timeout, sizeof(*timeout));
}
