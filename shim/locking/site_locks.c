/* site_locks.c - the byte is told by the hash of the statement's text. Two connections of a process that have the same one lose it
 * with the first that ends: a hint less. */
#include "locking/site_locks.h"

#include "locking/fcntl_lock.h"
#include "locking/file_shim.h"
#include "locking/lock_owner.h"

#include <errno.h>
#include <fcntl.h>

/* SQLite locks bytes 120 to 128 of a -shm, which is shorter than this, and the library 129. */
#define FIRST (INT64_C(1) << 40)

static off_t byte_of(const struct file_shim *shim)
{
	return FIRST + atomic_load_explicit(&shim->reservation.site->text, memory_order_relaxed);
}

static bool is_of_interest(const struct file_shim *shim)
{
	return shim->reservation.site && shim->files.shm_fd >= 0 && !read_site_has_written(shim->reservation.site);
}

void site_lock_take(struct file_shim *shim)
{
	int saved = errno;
	off_t byte;

	if (!is_of_interest(shim))
		return;
	byte = byte_of(shim);
	if (fcntl_lock_set(shim->files.shm_fd, F_SETLK, F_RDLCK, byte, 1))
		shim->reservation.site_lock = byte;
	errno = saved;
}

void site_lock_release(struct file_shim *shim)
{
	off_t byte = shim->reservation.site_lock;
	int saved = errno;

	if (byte && shim->files.shm_fd >= 0)
		fcntl_lock_set(shim->files.shm_fd, F_SETLK, F_UNLCK, byte, 1);
	shim->reservation.site_lock = 0;
	errno = saved;
}

bool site_lock_is_outlasted(const struct file_shim *shim)
{
	struct flock lock;
	int saved = errno;
	bool found;

	if (!is_of_interest(shim))
		return false;
	lock = fcntl_lock(F_WRLCK, byte_of(shim), 1);
	found = fcntl(shim->files.shm_fd, F_GETLK, &lock) == 0 && lock.l_type == F_RDLCK &&
		!(lock.l_pid > 0 && lock_owner_is_stopped(lock.l_pid));
	errno = saved;
	return found;
}
