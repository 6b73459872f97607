/* wal_files.c - what SQLite asks of a database file when it closes it, and what is left by its name. */
#include "locking/wal_files.h"

#include "base/glibc.h"
#include "locking/file_shim.h"
#include "locking/wal_readers.h"
#include "sqlite/unix_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool wal_files_join(char *out, const char *path, const char *suffix)
{
	return (unsigned)snprintf(out, WAL_FILES_NAME, "%s%s", path, suffix) < WAL_FILES_NAME;
}

bool wal_files_aside(char *out, const char *path, ino_t wal)
{
	return (unsigned)snprintf(out, WAL_FILES_NAME, "%s-wal.moved-%llu", path, (unsigned long long)wal) < WAL_FILES_NAME;
}

bool wal_files_name_is(int folder, const char *name, ino_t inode)
{
	struct stat status;

	return inode && glibc_fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_ino == inode;
}

static ino_t inode_of(const char *path, const char *suffix)
{
	char name[WAL_FILES_NAME];
	struct stat status;

	return wal_files_join(name, path, suffix) && glibc_lstat(name, &status) == 0 ? status.st_ino : 0;
}

void wal_files_begin(struct file_shim *shim, const char *path, bool cares)
{
	struct wal_files *files = &shim->files;
	struct unix_file found;

	files->shm_fd = -1;
	if (!path || !*path || !unix_file_find(shim->file, &found))
		return;
	files->path = path;
	files->cares = cares;
	files->fd = found.fd;
	files->device = found.device;
	files->inode = found.inode;
}

void wal_files_mapped(struct file_shim *shim)
{
	struct wal_files *files = &shim->files;
	int saved = errno;

	if (!files->path)
		return;
	files->shm_fd = unix_file_find_shm(shim->file, files->path);
	files->wal = inode_of(files->path, "-wal");
	files->shm = inode_of(files->path, "-shm");
	errno = saved;
}

bool wal_files_moved(const struct file_shim *shim)
{
	const struct wal_files *files = &shim->files;
	struct stat status;
	int saved = errno;
	bool moved = files->path && (glibc_stat(files->path, &status) != 0 || status.st_ino != files->inode);

	errno = saved;
	return moved;
}

int wal_files_before_write(const struct file_shim *shim)
{
	return shim->files.by_recipe && shim->shm && wal_files_moved(shim) ? SQLITE_READONLY_DBMOVED : SQLITE_OK;
}

/* May another database by the old name use this file's -wal? */
static bool is_shared(const struct wal_files *files)
{
	struct stat status;

	return !files->wal || (glibc_stat(files->path, &status) == 0 && inode_of(files->path, "-wal") == files->wal);
}

static void answer_moved(struct file_shim *shim, int *moved)
{
	struct wal_files *files = &shim->files;
	int saved = errno;

	files->closing = true;
	if (*moved && !is_shared(files))
		*moved = 0;
	errno = saved;
}

static void remove_if_same(const char *name, ino_t inode)
{
	if (wal_files_name_is(AT_FDCWD, name, inode))
		unlink(name);
}

static void remove_both(const struct wal_files *files, const char *path)
{
	char name[WAL_FILES_NAME];

	if (wal_files_join(name, path, "-wal"))
		remove_if_same(name, files->wal);
	if (wal_files_join(name, path, "-shm"))
		remove_if_same(name, files->shm);
}

/* SQLite holds the exclusive lock and has copied all of the -wal into the file: it is about to delete both by their old names, and
 * is kept from it, as these may be another file's. They go here, by whatever name they have now. */
static void remove_moved(const struct wal_files *files)
{
	char link[sizeof("/proc/self/fd/") + 12], name[WAL_FILES_NAME];
	ssize_t length;

	remove_both(files, files->path);
	if (wal_files_aside(name, files->path, files->wal))
		remove_if_same(name, files->wal);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", files->shm_fd);
	length = readlink(link, name, sizeof(name) - 1);
	if (length > 4 && memcmp(name + length - 4, "-shm", 4) == 0) {
		name[length - 4] = '\0';
		remove_both(files, name);
	}
}

static void answer_persist(struct file_shim *shim, int *persist)
{
	struct wal_files *files = &shim->files;
	int saved = errno;

	if (wal_files_moved(shim)) {
		remove_moved(files);
		*persist = 1;
	} else if (files->closing && files->by_recipe && wal_readers_need_files(files)) {
		*persist = 1;
	}
	errno = saved;
}

int wal_files_control(struct file_shim *shim, sqlite3_file *file, int operation, void *argument)
{
	bool asks = operation == SQLITE_FCNTL_PERSIST_WAL && *(const int *)argument < 0;
	int rc = shim->original->xFileControl(file, operation, argument);

	if (rc != SQLITE_OK || !shim->files.path || !shim->shm)
		return rc;
	if (operation == SQLITE_FCNTL_HAS_MOVED)
		answer_moved(shim, argument);
	else if (asks && !*(const int *)argument)
		answer_persist(shim, argument);
	return rc;
}
