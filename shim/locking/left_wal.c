/* left_wal.c - looks at the -wal, its users and its age before the first read of a database. */
#include "locking/left_wal.h"

#include "base/glibc.h"
#include "base/log.h"
#include "connection/registry.h"
#include "locking/fcntl_lock.h"
#include "locking/file_shim.h"
#include "locking/futex.h"
#include "locking/holders.h"
#include "locking/kept_files.h"
#include "locking/kept_locks.h"
#include "locking/open_databases.h"
#include "locking/wal_alone.h"
#include "locking/wal_content.h"
#include "locking/wal_copy.h"
#include "locking/wal_index.h"
#include "locking/wal_names.h"
#include "sqlite/unix_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MILLISECOND INT64_C(1000000)
#define AGAIN MILLISECOND

/* How often one looks for whoever uses a -shm. */
#define LOOKS 4

/* How long one waits for somebody who may be leaving WAL mode. */
#define LEAVING (20 * MILLISECOND)

struct same {
	const struct file_shim *shim;
	char *path; /* by which another connection of this process has the file open in WAL mode; to be freed */
};

static bool see_connection(struct connection *connection, void *argument)
{
	struct same *same = argument;
	const struct file_shim *shim = connection->shim;

	/* a file that is being closed may give its shim to another connection */
	if (connection->closing || !file_shim_serves(connection) || shim == same->shim ||
	    shim->files.inode != same->shim->files.inode || !shim->files.wal)
		return true;
	same->path = wal_files_join(connection->path, "");
	return false;
}

/* Another connection of this process that may still be mapping the -shm. */
static bool see_mapping(struct file_shim *other, void *argument)
{
	const struct file_shim *shim = argument;

	return other == shim || other->files.inode != shim->files.inode || !other->maps;
}

/* Whose lock keeps that range from being locked for writing: -1 if it is an open file's, or of a process that this pid namespace
 * does not show (fcntl(2) says 0), 0 if it is nobody's. */
static pid_t holder_of(const struct file_shim *shim, off_t start, off_t length)
{
	struct flock lock = fcntl_lock(F_WRLCK, start, length);

	if (fcntl(shim->files.fd, F_GETLK, &lock) != 0)
		return -1;
	if (lock.l_type == F_UNLCK)
		return 0;
	return lock.l_pid > 0 ? lock.l_pid : -1;
}

/* Another process, or an open file, has a shared lock. */
static bool is_used_by_others(const struct file_shim *shim, pid_t *who)
{
	*who = holder_of(shim, SHARED_FIRST, SHARED_SIZE - 1);
	if (!*who)
		*who = holder_of(shim, SHARED_LAST, 1);
	return *who != 0;
}

struct index {
	const struct file_shim *shim;
	ino_t inode;
};

static bool see_index(struct file_shim *other, void *argument)
{
	const struct index *index = argument;
	const struct wal_files *files = &index->shim->files;

	return other == index->shim || other->files.shm != index->inode || other->files.device != files->device ||
	       other->files.inode == files->inode;
}

/* A connection of this process may use the -shm, for another file that had this name: SQLite would see no lock of its own process
 * on it, cut it under the mapping, and count one file's -wal in it for the other's. */
static void leave_another(const struct file_shim *shim)
{
	struct stat wal, shm;
	struct index index = {.shim = shim};

	if (!wal_alone_finds(shim->files.path, "-shm", &shm))
		return;
	index.inode = shm.st_ino;
	if (!wal_files_each(see_index, &index) && wal_alone_remove_index(shim) && wal_alone_finds(shim->files.path, "-wal", &wal) &&
	    !kept_files_remove_open(&wal, shim->files.path))
		wal_names_set_aside(shim, wal.st_ino, "this process still has the file open that was here before");
}

/* It is not this file's. */
static void act(const struct file_shim *shim, enum wal_content content, ino_t wal)
{
	const char *path = shim->files.path;
	struct stat journal;

	switch (content) {
	case WAL_CONTENT_OWN:
		break;
	case WAL_CONTENT_OTHER_MODE:
		/* the header is not to be trusted before a journal was rolled back */
		if (!wal_alone_finds(path, "-journal", &journal))
			wal_names_set_aside(
				shim, wal,
				"the file is not in WAL mode, as one that was restored over a database whose program was killed");
		break;
	case WAL_CONTENT_FOREIGN:
		wal_names_set_aside(shim, wal,
				    "it was made for another state of the file than this one, which was restored, it seems");
		break;
	case WAL_CONTENT_DOUBTFUL:
		log_warn_once(
			WARNING_LEFT_WAL, path,
			"DANGER: %s was written after %s-wal, which a killed program left, and not from it. If you restored it "
			"from a backup, that is about to be undone: stop here, move %s-wal away, and restore it again",
			path, path, path);
		break;
	case WAL_CONTENT_TOUCHED:
		log_warn_once(
			WARNING_LEFT_WAL, path,
			"%s-wal, which a killed program left, is used, though %s was changed after it: its mode, owner or name, or "
			"it was restored with its old time. DANGER if you restored it from a backup: that is about to be undone; "
			"stop "
			"here, move %s-wal away, and restore it again",
			path, path, path);
		break;
	}
}

/* Nobody uses the -wal. Who finds that it is another file's looks once more while nobody can begin to use it: what was read may
 * have been changed meanwhile. False if another connection does so now. */
static bool look_at_content(struct file_shim *shim, sqlite3_file *file, const struct stat *wal)
{
	struct stat now;
	int rc;

	shim->files.left = wal_content_look(shim, file, wal) == WAL_CONTENT_OWN;
	if (shim->files.left)
		return true;
	rc = wal_alone_lock(shim, file);
	if (wal_names_are_read_only(shim) ? !is_used_by_others(shim, &(pid_t){0}) : rc == SQLITE_OK)
		if (wal_alone_finds(shim->files.path, "-wal", &now))
			act(shim, wal_content_look(shim, file, &now), now.st_ino);
	shim->original->xUnlock(file, SQLITE_LOCK_SHARED);
	return rc != SQLITE_BUSY;
}

/* By SQLite's own methods, as whoever closes a descriptor of the -shm gives up all locks on it. Who is the first to open it
 * truncates it: then there is nothing to map. */
static bool is_first(const struct file_shim *shim, sqlite3_file *file, bool *known)
{
	void volatile *memory = NULL;
	int rc = shim->original->xShmMap(file, 0, WAL_INDEX_PAGE, 0, &memory);

	shim->original->xShmUnmap(file, 0);
	*known = rc == SQLITE_OK;
	return !memory;
}

/* Somebody uses the -shm, and nobody has this file locked: do they use another file that had its name? */
static void look_at_holders(const struct file_shim *shim, enum holders holders, ino_t wal)
{
	const char *path = shim->files.path;
	pid_t one;

	/* who has it locked by now was found before it had opened the file */
	if (holders == HOLDERS_WITHOUT && !is_used_by_others(shim, &one) &&
	    (wal_names_are_read_only(shim) || wal_alone_remove_index(shim)))
		wal_names_set_aside(shim, wal, "a process still has the file open that was here before");
	if (holders == HOLDERS_UNKNOWN)
		log_warn_once(WARNING_LEFT_WAL, path,
			      "DANGER: %s-wal is in use, but by nobody who has this file locked. If the file was replaced while a "
			      "program had it open, stop that program, and move %s-wal away",
			      path, path);
}

/* There are a -wal and a -shm. used: others have this file locked, who may only be looking at the -wal too. Who is not to be found
 * may just have ended, or is this process by a connection that has no shim, as one that has the file attached. */
static bool look_at_users(struct file_shim *shim, sqlite3_file *file, const struct stat *wal, ino_t shm, bool used)
{
	enum holders holders = HOLDERS_UNKNOWN;
	pid_t one = 0;
	bool known;

	for (unsigned times = 0; times < LOOKS && holders == HOLDERS_UNKNOWN; times++) {
		if (times > 0)
			monotonic_sleep(monotonic_now() + AGAIN);
		if (is_first(shim, file, &known) && known)
			return look_at_content(shim, file, wal);
		if (!known || used || !wal_files_each(see_mapping, shim) || unix_file_find_shm(file, shim->files.path) >= 0)
			return true;
		holders = holders_find(shim->files.device, shm, DEAD_MAN_SWITCH, shim->files.inode, &one);
	}
	look_at_holders(shim, holders, wal->st_ino);
	return true;
}

/* Does somebody write the header? In WAL mode nobody else takes RESERVED but who looks at a -wal, as here. */
static bool is_reserved(const struct file_shim *shim)
{
	return holder_of(shim, SHARED_FIRST - 1, 1) != 0;
}

static bool has_no_wal(const struct file_shim *shim, pid_t holder)
{
	return holder > 0 && holders_find_wal(holder, shim->files.device, shim->files.inode) == HOLDERS_WITHOUT;
}

/* Somebody has the file, which is in WAL mode, and not its -wal. It may be a program without the library that leaves WAL mode and
 * has let go of the file in between (leave_wal.h): what this connection committed to a -wal then, the header would deny. That
 * program needs the file alone for the header, and has no -wal open, however long it stands there. Or others have just opened it,
 * as this connection, and are about to make the -wal. False if it cannot be locked again. */
static bool let_leave(const struct file_shim *shim, sqlite3_file *file)
{
	int64_t now = monotonic_now(), until = now + LEAVING, last = now + WAL_ALONE_WAIT;
	struct stat wal;
	pid_t holder;

	for (; wal_content_says_wal(shim, file) && is_used_by_others(shim, &holder) &&
	       !wal_alone_finds(shim->files.path, "-wal", &wal) &&
	       (now < until || (now < last && (is_reserved(shim) || has_no_wal(shim, holder))));
	     now = monotonic_now()) {
		shim->original->xUnlock(file, SQLITE_LOCK_NONE);
		monotonic_sleep(now + AGAIN);
		if (shim->original->xLock(file, SQLITE_LOCK_SHARED) != SQLITE_OK)
			return false;
	}
	return true;
}

static bool look(struct file_shim *shim, sqlite3_file *file)
{
	struct same same = {.shim = shim};
	struct stat wal, shm;
	bool used, has_wal, looked;
	pid_t holder;

	if (open_databases_have_wal(shim->files.inode)) {
		registry_visit_peers(PEERS_BY_INODE, shim->files.inode, see_connection, &same);
		wal_names_follow(shim, same.path);
		free(same.path);
		return true;
	}
	leave_another(shim);
	used = is_used_by_others(shim, &holder);
	has_wal = wal_alone_finds(shim->files.path, "-wal", &wal);
	if (used && !has_wal)
		wal_names_follow_holder(shim, file, holder);
	if (used && !has_wal && !wal_alone_finds(shim->files.path, "-wal", &wal)) {
		if (!let_leave(shim, file))
			return false;
		used = is_used_by_others(shim, &holder);
		has_wal = wal_alone_finds(shim->files.path, "-wal", &wal);
	}
	if (!used && has_wal && S_ISREG(wal.st_mode) && wal.st_size == 0)
		wal_alone_remove_unwritable(shim, file);
	if (!has_wal || !S_ISREG(wal.st_mode) || wal.st_size == 0 || (used && !wal_content_is_suspect(shim, file, &wal)))
		return true;
	if (!used)
		wal_copy_remove_index(shim, file);
	looked = wal_alone_finds(shim->files.path, "-shm", &shm) ? look_at_users(shim, file, &wal, shm.st_ino, used)
								 : look_at_content(shim, file, &wal);
	if (looked && !used)
		wal_copy_replace(shim, file);
	return looked;
}

bool left_wal_look(struct file_shim *shim, sqlite3_file *file)
{
	int saved = errno;

	shim->files.looked = true;
	if (shim->files.path && shim->files.cares)
		shim->files.looked = look(shim, file);
	errno = saved;
	return shim->files.looked;
}

void left_wal_before_map(struct file_shim *shim)
{
	int saved = errno;

	if (!shim->files.looked && shim->files.path && shim->files.cares)
		leave_another(shim);
	errno = saved;
}
