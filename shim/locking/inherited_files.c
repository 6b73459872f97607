/* inherited_files.c - looks for connections that were inherited, and at what their descriptors lead to. */
#include "locking/inherited_files.h"

#include "locking/fcntl_lock.h"
#include "locking/file_shim.h"
#include "locking/inherited_locks.h"
#include "locking/kept_locks.h"
#include "sqlite/unix_file.h"

#include <errno.h>
#include <fcntl.h>

static bool is_closed(const struct file_shim *other, const struct wal_files *files)
{
	return other->files.parent && other->files.shm && wal_files_are_same(&other->files, files) &&
	       !wal_files_are_open(&other->files);
}

static bool is_of_none(struct file_shim *other, void *argument)
{
	return !is_closed(other, argument);
}

/* Its descriptors are not the database's any more. The -shm has the name that the file was opened by when it was mapped, which is
 * not the new connection's where the file has moved. */
static bool forget(struct file_shim *other, void *argument)
{
	const struct file_shim *shim = argument;

	if (is_closed(other, &shim->files)) {
		unix_file_forget_shm(shim->file, other->files.path);
		other->files.shm_fd = -1;
		other->files.wal = other->files.shm = 0;
	}
	return true;
}

static int take_over(struct file_shim *shim)
{
	struct wal_files *files = &shim->files;

	if (!fcntl_lock_set(files->fd, F_SETLK, F_RDLCK, SHARED_FIRST, SHARED_SIZE))
		return SQLITE_BUSY;
	unix_file_forget_shm(shim->file, files->path);
	wal_files_each(forget, shim);
	return SQLITE_OK;
}

int inherited_files_lock(struct file_shim *shim)
{
	int saved = errno, rc = SQLITE_OK;

	if (inherited_locks_are_held() && !shim->files.parent && shim->files.path && !shim->handoff.shm &&
	    !wal_files_each(is_of_none, &shim->files))
		rc = take_over(shim);
	errno = saved;
	return rc;
}
