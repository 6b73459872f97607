/* attached.c - the databases that a program attached to a connection. */
#include "policy/attached.h"

#include "base/glibc.h"
#include "base/log.h"
#include "connection/pragma.h"
#include "fs/storage.h"

#include <stdatomic.h>
#include <string.h>

/* SQLITE_MAX_ATTACHED is at most 125, plus main and temp. */
#define FILE_LIMIT 127

static atomic_bool any;

void attached_seen(struct connection *connection)
{
	connection->attached = ATTACHED_UNCHECKED;
	atomic_store_explicit(&any, true, memory_order_relaxed);
}

bool attached_by_any(void)
{
	return atomic_load_explicit(&any, memory_order_relaxed);
}

struct files {
	dev_t device[FILE_LIMIT];
	ino_t inode[FILE_LIMIT];
	unsigned count;
};

/* Stops at a file that was seen before, compared by inode, which is what locks belong to. In-memory and temporary databases have no
 * file. */
static bool add_file(void *argument, const char *name, const char *path)
{
	struct files *files = argument;
	struct stat status;

	(void)name;
	if (!*path || glibc_stat(path, &status) != 0 || files->count == FILE_LIMIT)
		return true;
	for (unsigned i = 0; i < files->count; i++)
		if (files->device[i] == status.st_dev && files->inode[i] == status.st_ino)
			return false;
	files->device[files->count] = status.st_dev;
	files->inode[files->count++] = status.st_ino;
	return true;
}

bool attached_has_file_twice(struct connection *connection)
{
	struct files files;

	if (!connection->attached)
		return false;
	files.count = 0;
	return pragma_each_database(connection, add_file, &files) == SQLITE_ROW;
}

/* Each keeps its own journal mode, and is not mapped: mmap_size is set for the main database only. */
static bool warn_if_shared(void *unused, const char *name, const char *path)
{
	struct storage storage;

	(void)unused;
	if (!*path || strcmp(name, "main") == 0)
		return true;
	storage_look(path, &storage);
	if (storage.kind == STORAGE_SHARED)
		log_warn_once(
			WARNING_SHARED_STORAGE_ATTACHED, storage.mount,
			"%s is attached, and on a shared filesystem (%s at %s): it keeps its journal mode. If that is WAL, it can "
			"lose data when several machines use it: close it everywhere and run PRAGMA journal_mode=DELETE",
			path, storage.type, storage.mount);
	return true;
}

void attached_look(struct connection *connection)
{
	connection->attached = ATTACHED_CHECKED;
	pragma_each_database(connection, warn_if_shared, NULL);
}
