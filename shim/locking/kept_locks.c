/* kept_locks.c - takes and drops the locks of the open files. */
#include "locking/kept_locks.h"

#include "locking/wal_files.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

void kept_locks_set(int fd, int command, short type, off_t start, off_t length)
{
	struct flock lock;

	memset(&lock, 0, sizeof(lock));
	lock.l_type = type;
	lock.l_whence = SEEK_SET;
	lock.l_start = start;
	lock.l_len = length;
	fcntl(fd, command, &lock);
}

bool kept_locks_are_shared(const struct wal_files *files)
{
	int saved = errno;
	bool shared = files->parent && (kill(files->parent, 0) == 0 || errno != ESRCH);

	errno = saved;
	return shared;
}

void kept_locks_take(struct wal_files *files)
{
	int saved = errno;

	if (files->shm_fd < 0 || files->kept)
		return;
	kept_locks_set(files->fd, F_OFD_SETLK, F_RDLCK, SHARED_LAST, 1);
	kept_locks_set(files->shm_fd, F_OFD_SETLK, F_RDLCK, DEAD_MAN_SWITCH, 1);
	files->kept = true;
	errno = saved;
}

bool kept_locks_drop(struct wal_files *files, bool of_shm)
{
	int saved = errno;

	if (!files->kept || kept_locks_are_shared(files))
		return false;
	kept_locks_set(files->fd, F_OFD_SETLK, F_UNLCK, SHARED_LAST, 1);
	if (of_shm && files->shm_fd >= 0)
		kept_locks_set(files->shm_fd, F_OFD_SETLK, F_UNLCK, DEAD_MAN_SWITCH, 1);
	files->kept = false;
	errno = saved;
	return true;
}
