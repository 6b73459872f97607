/* file_rights.c - gives -wal and -shm the mode and the owner of their database. */
#include "locking/file_rights.h"

#include "base/glibc.h"
#include "base/guard.h"
#include "base/signals.h"
#include "locking/kept_files.h"
#include "locking/open_databases.h"
#include "locking/wal_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct link {
	char name[sizeof("/proc/self/fd/") + 12];
};

static struct link link_of(int fd)
{
	struct link link;

	snprintf(link.name, sizeof(link.name), "/proc/self/fd/%d", fd);
	return link;
}

/* By a descriptor that names the file and opens nothing: no lock goes when it is closed (open(2), O_PATH), and nobody can put
 * another file there in between. */
static void follow(const char *database, const char *suffix, ino_t inode, const struct stat *wanted)
{
	char *name = wal_files_join(database, suffix);
	int fd = name ? (int)syscall(SYS_openat, AT_FDCWD, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0) : -1;
	struct stat status;

	if (fd >= 0 && glibc_fstat(fd, &status) == 0 && status.st_ino == inode && S_ISREG(status.st_mode)) {
		/* who is not root may give a file of his to a group that he is in (chown(2)) */
		if ((status.st_uid != wanted->st_uid || status.st_gid != wanted->st_gid) &&
		    syscall(SYS_fchownat, fd, "", wanted->st_uid, wanted->st_gid, AT_EMPTY_PATH) != 0 &&
		    status.st_gid != wanted->st_gid)
			syscall(SYS_fchownat, fd, "", -1, wanted->st_gid, AT_EMPTY_PATH);
		if ((status.st_mode & 0777) != (wanted->st_mode & 0777))
			syscall(SYS_fchmodat, AT_FDCWD, link_of(fd).name, wanted->st_mode & 0777);
	}
	if (fd >= 0)
		syscall(SYS_close, fd);
	free(name);
}

/* -wal and -shm lie beside the file itself, whatever links the program's name goes through. */
static void follow_by_link(int fd, const struct stat *status, ino_t wal, ino_t shm)
{
	char *path = wal_files_name_of(fd);

	if (path) {
		follow(path, "-wal", wal, status);
		follow(path, "-shm", shm, status);
	}
	free(path);
}

static void remember(struct wal_files *files, const struct stat *status)
{
	files->mode = status->st_mode;
	files->user = status->st_uid;
	files->group = status->st_gid;
}

static bool are_same(const struct stat *one, const struct stat *other)
{
	return one->st_mode == other->st_mode && one->st_uid == other->st_uid && one->st_gid == other->st_gid;
}

void file_rights_begin(struct wal_files *files, const struct stat *wal, const struct stat *shm)
{
	remember(files, wal);
	if (!are_same(wal, shm))
		files->mode = 0; /* no file's */
}

void file_rights_compare(struct wal_files *files)
{
	struct stat status;
	int saved = errno;

	if (files->wal && glibc_fstat(files->fd, &status) == 0)
		file_rights_check(files, &status);
	errno = saved;
}

void file_rights_check(struct wal_files *files, const struct stat *status)
{
	if (status->st_mode == files->mode && status->st_uid == files->user && status->st_gid == files->group)
		return;
	follow(files->path, "-wal", files->wal, status);
	follow(files->path, "-shm", files->shm, status);
	remember(files, status);
}

static bool is_ours(const struct stat *status, ino_t *wal, ino_t *shm)
{
	return S_ISREG(status->st_mode) && (open_databases_find(status->st_ino, wal, shm) || kept_files_find(status, wal, shm));
}

void file_rights_follow_open(int fd)
{
	struct stat status;
	ino_t wal, shm;
	int saved = errno;

	if (guard_depth == 0 && !signals_may_be_handled() && glibc_fstat(fd, &status) == 0 && is_ours(&status, &wal, &shm))
		follow_by_link(fd, &status, wal, shm);
	errno = saved;
}

void file_rights_follow(int folder, const char *name, int flags)
{
	struct stat status;
	ino_t wal, shm;
	int fd, saved = errno;

	if (guard_depth == 0 && !signals_may_be_handled() &&
	    glibc_fstatat(folder, name, &status, flags & AT_SYMLINK_NOFOLLOW) == 0 && is_ours(&status, &wal, &shm)) {
		fd = (int)syscall(SYS_openat, folder, name, O_PATH | O_CLOEXEC, 0);
		if (fd >= 0) {
			follow_by_link(fd, &status, wal, shm);
			syscall(SYS_close, fd);
		}
	}
	errno = saved;
}
