/* read_locks.c - looks at the readers' locks by trying them, and at the process that holds one by fcntl(F_GETLK). */
#include "locking/read_locks.h"

#include "base/log.h"
#include "connection/registry.h"
#include "locking/fcntl_lock.h"
#include "locking/file_shim.h"
#include "locking/lock_owner.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define SHM_LOCKS 120
#define SECOND INT64_C(1000000000)

/* Are there readers with this lock? Who reads the database alone has the first one, which a checkpoint takes for itself. */
static bool are_there(struct file_shim *shim, unsigned reader)
{
	const sqlite3_io_methods *real = shim->original;
	int place = WAL_BACKFILL_LOCK + (int)reader, flags = SQLITE_SHM_EXCLUSIVE;
	int rc = real->xShmLock(shim->file, place, 1, SQLITE_SHM_LOCK | flags);
	bool there = rc != SQLITE_OK;

	if (there && reader == 0) {
		flags = SQLITE_SHM_SHARED;
		rc = real->xShmLock(shim->file, place, 1, SQLITE_SHM_LOCK | flags);
		there = rc == SQLITE_OK;
	}
	if (rc == SQLITE_OK)
		real->xShmLock(shim->file, place, 1, SQLITE_SHM_UNLOCK | flags);
	return there;
}

/* Up to where they read. Who reads the database alone keeps all others from writing to it: as long as this stays, so do they. */
static uint32_t mark_of(const struct file_shim *shim, unsigned reader)
{
	const char *shm = shim->handoff.shm;

	return reader == 0 ? wal_index_backfilled(shm) : wal_index_mark(shm, reader);
}

int64_t read_locks_longest(struct file_shim *shim, int64_t now, unsigned *reader)
{
	struct read_lock *locks = shim->wal_limit.read_locks;
	int64_t first = now;

	for (unsigned i = 0; i < WAL_READ_MARKS; i++) {
		uint32_t mark = mark_of(shim, i);

		if (mark == WAL_MARK_UNUSED || !are_there(shim, i))
			locks[i].since = 0;
		else if (!locks[i].since || locks[i].mark != mark)
			locks[i].since = now;
		locks[i].mark = mark;
		if (locks[i].since && locks[i].since < first) {
			first = locks[i].since;
			*reader = i;
		}
	}
	return now - first;
}

/* The process that holds this reader's lock. */
static pid_t pid_of_reader(const struct file_shim *shim, unsigned reader)
{
	struct flock held = fcntl_lock(F_WRLCK, SHM_LOCKS + WAL_BACKFILL_LOCK + (off_t)reader, 1);

	if (shim->files.shm_fd < 0 || fcntl(shim->files.shm_fd, F_GETLK, &held) != 0)
		return 0;
	/* the kernel does not tell a process of its own locks */
	return held.l_type == F_UNLCK ? getpid() : held.l_pid;
}

void read_locks_warn(const struct file_shim *shim, unsigned reader, int64_t lasted, int64_t size)
{
	const struct connection *connection = registry_find(shim->db);
	int saved = errno;
	pid_t pid = pid_of_reader(shim, reader);
	char program[32], owner[64];

	if (connection && pid > 0) {
		lock_owner_program(pid, program, sizeof(program));
		lock_owner_describe(pid, owner, sizeof(owner));
		/* it reads all the time so that nobody starts the -wal anew before it has copied it */
		if (strcmp(program, "litestream") != 0)
			log_warn_once(
				WARNING_WAL_READER, connection->path,
				"%s-wal has grown to %lld MiB, past its limit, and cannot be started anew: %s has been reading "
				"in one transaction for %lld s. End that transaction",
				connection->path, (long long)(size >> 20), owner, (long long)(lasted / SECOND));
	}
	errno = saved;
}
