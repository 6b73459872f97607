/* inherited_locks.c - what happens at fork(). Takes no lock and no memory: a signal handler may fork. */
#include "locking/inherited_locks.h"

#include "locking/file_shim.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

/* sqlite.org/fileformat.html#the_lock_byte_page, and the byte of the -shm that all hold who use it: sqlite.org/walformat.html */
#define SHARED_FIRST 0x40000002
#define SHARED_SIZE 510
#define DEAD_MAN_SWITCH 128

static void set_lock(int fd, int command, short type, off_t start, off_t length)
{
	struct flock lock;

	memset(&lock, 0, sizeof(lock));
	lock.l_type = type;
	lock.l_whence = SEEK_SET;
	lock.l_start = start;
	lock.l_len = length;
	fcntl(fd, command, &lock);
}

static void set_locks(const struct wal_files *files, int command, short type)
{
	set_lock(files->fd, command, type, SHARED_FIRST, SHARED_SIZE);
	set_lock(files->shm_fd, command, type, DEAD_MAN_SWITCH, 1);
}

static atomic_bool forked;

/* Only while the -shm is mapped: a connection with a rollback journal takes its locks for each transaction. */
static bool is_held(const struct file_shim *shim)
{
	return shim->files.shm_fd >= 0;
}

static bool lock_open_file(struct file_shim *shim, void *unused)
{
	(void)unused;
	if (is_held(shim)) {
		atomic_store_explicit(&forked, true, memory_order_relaxed);
		set_locks(&shim->files, F_OFD_SETLK, F_RDLCK);
	}
	return true;
}

static bool lock_in_child(struct file_shim *shim, void *unused)
{
	(void)unused;
	if (!is_held(shim))
		return true;
	set_locks(&shim->files, F_SETLK, F_RDLCK);
	set_locks(&shim->files, F_OFD_SETLK, F_UNLCK);
	return true;
}

static void before_fork(void)
{
	int saved = errno;

	wal_files_each(lock_open_file, NULL);
	errno = saved;
}

static void after_fork_in_child(void)
{
	int saved = errno;

	wal_files_each(lock_in_child, NULL);
	errno = saved;
}

bool inherited_locks_are_held(void)
{
	return atomic_load_explicit(&forked, memory_order_relaxed);
}

void inherited_locks_start(void)
{
	pthread_atfork(before_fork, NULL, after_fork_in_child);
}
