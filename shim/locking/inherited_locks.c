/* inherited_locks.c - what happens at fork(). Takes no lock and no memory: a signal handler may fork. */
#include "locking/inherited_locks.h"

#include "base/threads.h"
#include "locking/fcntl_lock.h"
#include "locking/file_shim.h"
#include "locking/kept_locks.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static atomic_bool forked;
static _Atomic pid_t parent; /* that forks now; threads of one process write the same */
static atomic_bool from_single_thread;
static _Atomic pid_t child;

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
		kept_locks_take_own(&shim->files);
	}
	return true;
}

/* The open files are the parent's as well, and so are their locks. */
static bool lock_in_child(struct file_shim *shim, void *unused)
{
	(void)unused;
	if (!is_held(shim))
		return true;
	if (!kept_locks_are_shared(&shim->files))
		shim->files.parent = parent;
	fcntl_lock_set(shim->files.fd, F_SETLK, F_RDLCK, SHARED_FIRST, SHARED_SIZE);
	fcntl_lock_set(shim->files.shm_fd, F_SETLK, F_RDLCK, DEAD_MAN_SWITCH, 1);
	return true;
}

static void before_fork(void)
{
	int saved = errno;

	parent = getpid();
	from_single_thread = threads_is_single();
	wal_files_each(lock_open_file, NULL);
	errno = saved;
}

static void after_fork_in_child(void)
{
	int saved = errno;

	child = from_single_thread ? getpid() : 0;
	wal_files_each(lock_in_child, NULL);
	errno = saved;
}

bool inherited_locks_are_usable(pid_t pid)
{
	return child == pid;
}

bool inherited_locks_are_held(void)
{
	return atomic_load_explicit(&forked, memory_order_relaxed);
}

void inherited_locks_start(void)
{
	pthread_atfork(before_fork, NULL, after_fork_in_child);
}
