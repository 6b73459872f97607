/* leave_wal.c - SQLite is told that it has given the exclusive lock back, and still has it when it asks for it again. */
#include "locking/leave_wal.h"

#include "locking/file_shim.h"

static int unlock_once(sqlite3_file *file, int level)
{
	struct file_shim *shim = file_shim_find(file);

	shim->methods.xUnlock = shim->unlock;
	return level == SQLITE_LOCK_SHARED ? SQLITE_OK : shim->unlock(file, level);
}

void leave_wal_begin(struct file_shim *shim)
{
	if (shim->methods.xUnlock == unlock_once)
		return;
	shim->unlock = shim->methods.xUnlock;
	shim->methods.xUnlock = unlock_once;
}

void leave_wal_end(struct file_shim *shim)
{
	if (shim->methods.xUnlock == unlock_once)
		shim->methods.xUnlock = shim->unlock;
}
