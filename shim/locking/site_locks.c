/* site_locks.c - the byte is told by the hash of the statement's text, and the number of those before. Two connections of a process
 * that have the same one lose it with the first that ends: a hint less. */
#include "locking/site_locks.h"

#include "locking/fcntl_lock.h"
#include "locking/file_shim.h"
#include "locking/lock_owner.h"

#include <errno.h>
#include <fcntl.h>

/* SQLite locks bytes 120 to 128 of a -shm, which is shorter than this, and the library 129. */
#define FIRST (INT64_C(1) << 40)

/* For each statement. */
#define BYTES 8
/* One has written. */
#define WRITES (BYTES - 1)
/* So many before it, or more. */
#define MANY 5

/* Of the first reservation's length, the second one's, by powers of two; each further one has half, down to a 64th. */
#define SECOND 2

static off_t byte_of(const struct file_shim *shim, int number)
{
	return FIRST + (off_t)atomic_load_explicit(&shim->reservation.site->text, memory_order_relaxed) * BYTES + number;
}

static bool is_of_interest(const struct file_shim *shim)
{
	return shim->reservation.site && shim->files.shm_fd >= 0 && !read_site_has_written(shim->reservation.site);
}

static bool lock(struct file_shim *shim, off_t byte)
{
	int saved = errno;
	bool locked = fcntl_lock_set(shim->files.shm_fd, F_SETLK, F_RDLCK, byte, 1);

	errno = saved;
	return locked;
}

/* The number of a byte that another process has, at least this one; -1 for none. Of neighbours that one process has the kernel
 * makes one lock. */
static int find(const struct file_shim *shim, int least)
{
	struct flock found = fcntl_lock(F_WRLCK, byte_of(shim, least), BYTES - least);
	int64_t end, last = byte_of(shim, WRITES);

	if (fcntl(shim->files.shm_fd, F_GETLK, &found) != 0 || found.l_type != F_RDLCK)
		return -1;
	end = found.l_start + found.l_len - 1;
	if (found.l_pid > 0 && lock_owner_is_stopped(found.l_pid))
		return -1;
	return (int)((end < last ? end : last) - byte_of(shim, 0));
}

static int find_last(const struct file_shim *shim)
{
	int last = -1, number = 0, saved = errno;

	while (number < BYTES && (number = find(shim, number)) >= 0)
		last = number++;
	errno = saved;
	return last;
}

int64_t site_lock_length(struct file_shim *shim, int64_t length)
{
	struct reservation *reservation = &shim->reservation;
	int last = is_of_interest(shim) ? find_last(shim) : -1;

	if (last == WRITES) {
		read_site_others_write(reservation->site);
		lock(shim, byte_of(shim, WRITES));
		last = -1;
	}
	reservation->site_before = (uint8_t)(last + 1 < MANY ? last + 1 : MANY);
	return last < 0 ? length : length >> (SECOND + reservation->site_before - 1);
}

void site_lock_take(struct file_shim *shim)
{
	off_t byte;

	if (!is_of_interest(shim))
		return;
	byte = byte_of(shim, shim->reservation.site_before);
	if (lock(shim, byte))
		shim->reservation.site_lock = byte;
}

void site_lock_wrote(struct file_shim *shim)
{
	if (shim->reservation.site_lock && shim->reservation.site && shim->reservation.site_before > 0)
		lock(shim, byte_of(shim, WRITES));
	site_lock_release(shim);
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
