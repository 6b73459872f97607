/* wal_alone.c - waits to have a database alone, and removes what nobody uses. */
#include "locking/wal_alone.h"

#include "base/glibc.h"
#include "locking/file_shim.h"
#include "locking/futex.h"
#include "locking/wal_names.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define AGAIN INT64_C(1000000) /* 1 ms */

bool wal_alone_finds(const char *path, const char *suffix, struct stat *status)
{
	char *name = wal_files_join(path, suffix);
	bool there = name && glibc_lstat(name, status) == 0;

	free(name);
	return there;
}

bool wal_alone_remove_index(const struct file_shim *shim)
{
	char *name = wal_files_join(shim->files.path, "-shm");
	bool removed = name && !wal_names_are_read_only(shim) && unlink(name) == 0;

	free(name);
	return removed;
}

int wal_alone_lock(const struct file_shim *shim, sqlite3_file *file)
{
	int64_t now = monotonic_now(), until = now + WAL_ALONE_WAIT;
	int rc = shim->original->xLock(file, SQLITE_LOCK_RESERVED);

	if (rc != SQLITE_OK)
		return rc;
	rc = shim->original->xLock(file, SQLITE_LOCK_EXCLUSIVE);
	for (; rc == SQLITE_BUSY && now < until; now = monotonic_now()) {
		monotonic_sleep(now + AGAIN);
		rc = shim->original->xLock(file, SQLITE_LOCK_EXCLUSIVE);
	}
	return rc == SQLITE_BUSY ? SQLITE_LOCKED : rc;
}

bool wal_alone_may_write(const char *path, const char *suffix)
{
	char *name = wal_files_join(path, suffix);
	bool may = !name || access(name, W_OK) == 0 || errno != EACCES;

	free(name);
	return may;
}

void wal_alone_remove_unwritable(const struct file_shim *shim, sqlite3_file *file)
{
	const char *path = shim->files.path;
	struct stat wal;
	char *name;

	if (wal_names_are_read_only(shim) || (wal_alone_may_write(path, "-wal") && wal_alone_may_write(path, "-shm")))
		return;
	name = wal_files_join(path, "-wal");
	if (name && wal_alone_lock(shim, file) == SQLITE_OK && wal_alone_finds(path, "-wal", &wal) && wal.st_size == 0 &&
	    wal_alone_remove_index(shim))
		unlink(name);
	shim->original->xUnlock(file, SQLITE_LOCK_SHARED);
	free(name);
}
