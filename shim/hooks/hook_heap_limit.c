/* hook_heap_limit.c - the hook of the function by which a program limits the memory that SQLite takes. */
#include "base/guard.h"
#include "policy/heap_limit.h"

HOOK sqlite3_int64 sqlite3_hard_heap_limit64(sqlite3_int64 bytes)
{
	const struct sqlite *sqlite = sqlite_of_caller("sqlite3_hard_heap_limit64", HOOK_CALLER);
	sqlite3_int64 before;

	if (!sqlite || !sqlite->hard_heap_limit64)
		return -1;
	before = sqlite->hard_heap_limit64(bytes);
	/* SQLite's own PRAGMA calls it too */
	if (bytes > 0 && !sqlite_owns(sqlite, HOOK_CALLER))
		heap_limit_set(sqlite);
	return before;
}
