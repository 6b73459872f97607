/* page_cache.c - SQLite compares what it reads here with what it knows, and keeps nothing of it. */
#include "locking/page_cache.h"

#include "locking/file_shim.h"

#define VERSION_OFFSET 24
#define VERSION_SIZE 16

static int read_once(sqlite3_file *file, void *buffer, int amount, sqlite3_int64 offset)
{
	struct file_shim *shim = file_shim_find(file);
	int rc = shim->original->xRead(file, buffer, amount, offset);

	if (offset != VERSION_OFFSET || amount != VERSION_SIZE)
		return rc;
	shim->methods.xRead = shim->original->xRead;
	if (rc == SQLITE_OK)
		*(unsigned char *)buffer ^= 0xff;
	return rc;
}

void page_cache_forget(struct file_shim *shim)
{
	shim->methods.xRead = read_once;
}
