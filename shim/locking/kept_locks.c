/* kept_locks.c - takes and drops the locks of the open files. */
#include "locking/kept_locks.h"

#include "connection/registry.h"
#include "locking/fcntl_lock.h"
#include "locking/open_databases.h"
#include "locking/wal_files.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

bool kept_locks_others_are_there(const struct wal_files *files)
{
	struct flock found;

	return fcntl_lock_find(files->fd, F_GETLK, F_WRLCK, SHARED_FIRST, SHARED_SIZE - 1, &found);
}

bool kept_locks_are_shared(const struct wal_files *files)
{
	int saved = errno;
	bool shared = files->parent && (kill(files->parent, 0) == 0 || errno != ESRCH);

	errno = saved;
	return shared;
}

void kept_locks_take_own(struct wal_files *files)
{
	int saved = errno;

	if (files->shm_fd < 0 || files->kept)
		return;
	fcntl_lock_set(files->fd, F_OFD_SETLK, F_RDLCK, SHARED_LAST, 1);
	fcntl_lock_set(files->shm_fd, F_OFD_SETLK, F_RDLCK, DEAD_MAN_SWITCH, 1);
	files->kept = true;
	errno = saved;
}

/* Does another connection of this process keep them? A child may have closed what it inherited, so that such a one does not
 * count. */
static bool are_kept(const struct wal_files *files)
{
	const struct wal_files *keeper = files->database ? atomic_load(&files->database->keeper) : NULL;

	return keeper && keeper != files && keeper->kept && !keeper->parent;
}

/* Under the registry's lock. */
static void become_keeper(struct wal_files *files)
{
	if (files->database)
		atomic_store(&files->database->keeper, files);
	kept_locks_take_own(files);
}

void kept_locks_take(struct wal_files *files)
{
	if (files->shm_fd < 0 || files->kept || are_kept(files) || !registry_try_lock())
		return;
	if (!are_kept(files))
		become_keeper(files);
	registry_unlock();
}

static void unlock(struct wal_files *files, bool of_shm)
{
	int saved = errno;

	fcntl_lock_set(files->fd, F_OFD_SETLK, F_UNLCK, SHARED_LAST, 1);
	if (of_shm && files->shm_fd >= 0)
		fcntl_lock_set(files->shm_fd, F_OFD_SETLK, F_UNLCK, DEAD_MAN_SWITCH, 1);
	files->kept = false;
	errno = saved;
}

bool kept_locks_drop(struct wal_files *files)
{
	if (!files->kept || kept_locks_are_shared(files) || (files->database && atomic_load(&files->database->with_wal) > 1))
		return false;
	unlock(files, true);
	return true;
}

/* Under the registry's lock. */
static void join(struct open_database *database, struct wal_files *files)
{
	files->previous = database->last;
	files->next = NULL;
	*(database->last ? &database->last->next : &database->first) = files;
	database->last = files;
	files->has_wal = true;
	atomic_fetch_add(&database->with_wal, 1);
}

void kept_locks_begin(struct wal_files *files)
{
	registry_lock();
	if (files->database)
		join(files->database, files);
	if (files->shm_fd >= 0 && !are_kept(files))
		become_keeper(files);
	registry_unlock();
}

/* Under the registry's lock. */
static void leave(struct open_database *database, struct wal_files *files)
{
	struct wal_files *successor;

	*(files->previous ? &files->previous->next : &database->first) = files->next;
	*(files->next ? &files->next->previous : &database->last) = files->previous;
	files->has_wal = false;
	atomic_fetch_sub(&database->with_wal, 1);
	if (atomic_load(&database->keeper) != files)
		return;
	for (successor = database->first; successor && successor->shm_fd < 0; successor = successor->next)
		;
	atomic_store(&database->keeper, successor);
	if (successor)
		kept_locks_take_own(successor);
}

/* The lock on the -shm stays: it is that of all connections of the process. */
void kept_locks_end(struct wal_files *files)
{
	registry_lock();
	if (files->database && files->has_wal)
		leave(files->database, files);
	if (files->kept && !kept_locks_are_shared(files))
		unlock(files, false);
	files->kept = false;
	registry_unlock();
}
