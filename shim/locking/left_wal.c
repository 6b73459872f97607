/* left_wal.c - looks at the -wal, its users and its age before the first read of a database. */
#include "locking/left_wal.h"

#include "base/glibc.h"
#include "base/log.h"
#include "connection/registry.h"
#include "locking/file_shim.h"
#include "locking/holders.h"
#include "locking/kept_locks.h"
#include "locking/open_databases.h"
#include "locking/wal_content.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* sqlite.org/walformat.html */
#define INDEX_SIZE 32768

struct same {
	const struct file_shim *shim;
	char *path; /* by which another connection of this process has the file open in WAL mode; to be freed */
};

static bool see_connection(struct connection *connection, void *argument)
{
	struct same *same = argument;
	const struct file_shim *shim = connection->shim;

	/* a file that is being closed may give its shim to another connection */
	if (connection->closing || !shim || shim == same->shim || shim->db != connection->db ||
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

static bool is_there(const char *path, const char *suffix, struct stat *status)
{
	char *name = wal_files_join(path, suffix);
	bool there = name && glibc_lstat(name, status) == 0;

	free(name);
	return there;
}

/* Whose lock keeps that range from being locked for writing: -1 if it is an open file's, or of a process that this pid namespace
 * does not show (fcntl(2) says 0), 0 if it is nobody's. */
static pid_t holder_of(const struct file_shim *shim, off_t start, off_t length)
{
	struct flock lock;

	memset(&lock, 0, sizeof(lock));
	lock.l_type = F_WRLCK;
	lock.l_whence = SEEK_SET;
	lock.l_start = start;
	lock.l_len = length;
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

static void rename_to_free(const char *from, const char *to, const char *suffix)
{
	char *old = wal_files_join(from, suffix), *new = wal_files_join(to, suffix);
	struct stat status;

	if (old && new &&glibc_lstat(new, &status) != 0)
		rename(old, new);
	free(old);
	free(new);
}

static void rename_both(const char *from, const char *to)
{
	rename_to_free(from, to, "-wal");
	rename_to_free(from, to, "-shm");
}

/* The file has moved, and this process has it open by its old name: SQLite shares the -shm among a process's connections by inode,
 * and would look for a -wal by the new name. It follows the file. */
static void follow(const struct file_shim *shim, const char *old)
{
	struct stat status;

	if (!old || strcmp(old, shim->files.path) == 0 || (glibc_stat(old, &status) == 0 && status.st_ino == shim->files.inode))
		return;
	rename_both(old, shim->files.path);
}

/* Another process has the file in WAL mode, by a name that it had before. */
static void follow_holder(const struct file_shim *shim, sqlite3_file *file, pid_t holder)
{
	char *old = holder > 0 && wal_content_says_wal(shim, file)
			    ? holders_find_old_name(holder, shim->files.device, shim->files.inode)
			    : NULL;

	if (old)
		rename_both(old, shim->files.path);
	free(old);
}

static bool is_read_only(const struct file_shim *shim)
{
	return (fcntl(shim->files.fd, F_GETFL) & O_ACCMODE) == O_RDONLY;
}

/* Gives the -wal another name. */
static void set_aside(const struct file_shim *shim, ino_t wal, const char *why)
{
	const char *path = shim->files.path;
	char *old = wal_files_join(path, "-wal"), *new = wal_files_aside(path, wal);

	if (old && new && !is_read_only(shim) && rename(old, new) == 0)
		log_warn_once(WARNING_LEFT_WAL, path, "%s-wal is not this file's: %s. It is kept as %s", path, why, new);
	else
		log_warn_once(WARNING_LEFT_WAL, path,
			      "DANGER: %s-wal is not this file's: %s. It will be replayed into it: stop here, and move it away",
			      path, why);
	free(old);
	free(new);
}

/* The holders keep theirs; it has no rows in it. */
static bool remove_index(const struct file_shim *shim)
{
	char *name = wal_files_join(shim->files.path, "-shm");
	bool removed = name && !is_read_only(shim) && unlink(name) == 0;

	free(name);
	return removed;
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

	if (!is_there(shim->files.path, "-shm", &shm))
		return;
	index.inode = shm.st_ino;
	if (!wal_files_each(see_index, &index) && remove_index(shim) && is_there(shim->files.path, "-wal", &wal))
		set_aside(shim, wal.st_ino, "this process still has the file open that was here before");
}

/* Somebody uses the -shm, and nobody has this file locked: do they use another file that had its name? */
static void look_at_holders(const struct file_shim *shim, ino_t wal, ino_t shm)
{
	const char *path = shim->files.path;
	pid_t one = 0;

	switch (holders_find(shim->files.device, shm, DEAD_MAN_SWITCH, shim->files.inode, &one)) {
	case HOLDERS_WITHOUT:
		if (is_read_only(shim) || remove_index(shim))
			set_aside(shim, wal, "a process still has the file open that was here before");
		break;
	case HOLDERS_UNKNOWN:
		log_warn_once(WARNING_LEFT_WAL, path,
			      "DANGER: %s-wal is in use, but by nobody who has this file locked. If the file was replaced while a "
			      "program had it open, stop that program, and move %s-wal away",
			      path, path);
		break;
	default:
		break;
	}
}

/* Nobody uses the -wal. */
static void look_at_content(struct file_shim *shim, sqlite3_file *file, const struct stat *wal)
{
	const char *path = shim->files.path;
	struct stat journal;

	switch (wal_content_look(shim, file, wal)) {
	case WAL_CONTENT_OWN:
		shim->files.left = true;
		break;
	case WAL_CONTENT_OTHER_MODE:
		/* the header is not to be trusted before a journal was rolled back */
		if (!is_there(path, "-journal", &journal))
			set_aside(shim, wal->st_ino,
				  "the file is not in WAL mode, as one that was restored over a database whose program was killed");
		break;
	case WAL_CONTENT_FOREIGN:
		set_aside(shim, wal->st_ino,
			  "it was made for another state of the file than this one, which was restored, it seems");
		break;
	case WAL_CONTENT_DOUBTFUL:
		log_warn_once(
			WARNING_LEFT_WAL, path,
			"DANGER: %s was written after %s-wal, which a killed program left, and not from it. If you restored it "
			"from a backup, that is about to be undone: stop here, move %s-wal away, and restore it again",
			path, path, path);
		break;
	}
}

/* By SQLite's own methods, as whoever closes a descriptor of the -shm gives up all locks on it. Who is the first to open it
 * truncates it: then there is nothing to map. */
static bool is_first(const struct file_shim *shim, sqlite3_file *file, bool *known)
{
	void volatile *memory = NULL;
	int rc = shim->original->xShmMap(file, 0, INDEX_SIZE, 0, &memory);

	shim->original->xShmUnmap(file, 0);
	*known = rc == SQLITE_OK;
	return !memory;
}

static void look(struct file_shim *shim, sqlite3_file *file)
{
	struct same same = {.shim = shim};
	struct stat wal, shm;
	bool known, first, used, has_wal;
	pid_t holder;

	if (open_databases_have_wal(shim->files.inode)) {
		registry_visit_peers(PEERS_BY_INODE, shim->files.inode, see_connection, &same);
		follow(shim, same.path);
		free(same.path);
		return;
	}
	leave_another(shim);
	used = is_used_by_others(shim, &holder);
	has_wal = is_there(shim->files.path, "-wal", &wal);
	if (used && !has_wal)
		follow_holder(shim, file, holder);
	if (used || !has_wal || !S_ISREG(wal.st_mode) || wal.st_size == 0)
		return;
	if (!is_there(shim->files.path, "-shm", &shm)) {
		look_at_content(shim, file, &wal);
		return;
	}
	first = is_first(shim, file, &known);
	if (known && first)
		look_at_content(shim, file, &wal);
	else if (known && wal_files_each(see_mapping, shim))
		look_at_holders(shim, wal.st_ino, shm.st_ino);
}

void left_wal_look(struct file_shim *shim, sqlite3_file *file)
{
	int saved = errno;

	shim->files.looked = true;
	if (shim->files.path && shim->files.cares)
		look(shim, file);
	errno = saved;
}

void left_wal_before_map(struct file_shim *shim)
{
	int saved = errno;

	if (!shim->files.looked && shim->files.path && shim->files.cares)
		leave_another(shim);
	errno = saved;
}
