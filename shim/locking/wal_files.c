/* wal_files.c - which -wal and -shm a database file has, by inode and by name, and whether it has moved. */
#include "locking/wal_files.h"

#include "base/glibc.h"
#include "locking/file_rights.h"
#include "locking/file_shim.h"
#include "locking/futex.h"
#include "locking/kept_locks.h"
#include "locking/open_databases.h"
#include "sqlite/unix_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *wal_files_join(const char *path, const char *suffix)
{
	char *joined = malloc(strlen(path) + strlen(suffix) + 1);

	if (joined)
		stpcpy(stpcpy(joined, path), suffix);
	return joined;
}

char *wal_files_aside(const char *path, ino_t wal)
{
	char suffix[sizeof("-wal.moved-") + 24];

	snprintf(suffix, sizeof(suffix), "-wal.moved-%llu", (unsigned long long)wal);
	return wal_files_join(path, suffix);
}

static bool descriptor_is(int fd, ino_t inode)
{
	struct stat status;

	return fd >= 0 && glibc_fstat(fd, &status) == 0 && status.st_ino == inode;
}

bool wal_files_are_open(const struct wal_files *files)
{
	return descriptor_is(files->fd, files->inode) && descriptor_is(files->shm_fd, files->shm);
}

bool wal_files_name_is(int folder, const char *name, ino_t inode)
{
	struct stat status;

	return inode && glibc_fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_ino == inode;
}

/* Returns the inode, or 0. */
static ino_t look_at(const char *path, const char *suffix, struct stat *status)
{
	char *name = wal_files_join(path, suffix);
	bool there = name && glibc_lstat(name, status) == 0;

	free(name);
	return there ? status->st_ino : 0;
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
	files->database = open_databases_join(found.device, found.inode, shim->sqlite);
}

static void count_by_recipe(struct wal_files *files)
{
	bool counts = files->has_wal && files->by_recipe;

	if (files->database && counts != files->counted_by_recipe)
		atomic_fetch_add(&files->database->by_recipe, counts ? 1u : -1u);
	files->counted_by_recipe = counts;
}

void wal_files_set_by_recipe(struct wal_files *files, bool by_recipe)
{
	files->by_recipe = by_recipe;
	count_by_recipe(files);
	if (by_recipe)
		file_rights_compare(files);
}

void wal_files_mapped(struct file_shim *shim)
{
	struct wal_files *files = &shim->files;
	struct stat wal = {0}, shm = {0};
	int saved = errno;

	if (!files->path)
		return;
	files->shm_fd = unix_file_find_shm(shim->file, files->path);
	files->wal = look_at(files->path, "-wal", &wal);
	files->shm = look_at(files->path, "-shm", &shm);
	if (files->database && files->wal) {
		files->database->wal = files->wal;
		files->database->shm = files->shm;
	}
	file_rights_begin(files, &wal, &shm);
	if (files->by_recipe)
		file_rights_compare(files);
	kept_locks_begin(files);
	count_by_recipe(files);
	errno = saved;
}

void wal_files_unmapping(struct file_shim *shim)
{
	struct wal_files *files = &shim->files;

	idle_wal_count(shim);
	kept_locks_end(files);
	files->shm_fd = -1;
	files->wal = files->shm = 0;
	count_by_recipe(files);
}

void wal_files_closing(struct wal_files *files)
{
	if (files->has_wal)
		kept_locks_end(files);
	files->inode = 0;
	if (files->database)
		open_databases_leave(files->database);
	files->database = NULL;
}

/* Read by SQLite's own descriptor, which stays open. Source: sqlite.org/fileformat.html, offsets 18 and 19 */
bool wal_files_are_wal(const struct wal_files *files)
{
	unsigned char read_version = 0;
	int saved = errno;
	bool read = files->inode && pread(files->fd, &read_version, 1, 19) == 1;

	errno = saved;
	return read && read_version == 2;
}

static bool is_in_place(const struct wal_files *files, struct stat *status)
{
	return glibc_stat(files->path, status) == 0 && status->st_ino == files->inode;
}

bool wal_files_moved(const struct file_shim *shim)
{
	const struct wal_files *files = &shim->files;
	struct stat status;
	int saved = errno;
	bool moved = files->path && !is_in_place(files, &status);

	errno = saved;
	return moved;
}

/* *file: of the one that has the name now. */
static bool was_written_for(const struct wal_files *files, const struct stat *file)
{
	char *name = wal_files_join(files->path, "-wal");
	struct stat wal;
	bool was = !name || (glibc_stat(name, &wal) == 0 ? wal_files_time_is_after(&wal.st_mtim, &file->st_ctim) : errno != ENOENT);

	free(name);
	return was;
}

bool wal_files_have_other_shm(const struct file_shim *shim)
{
	const struct wal_files *files = &shim->files;
	struct stat shm, wal;

	return shim->handoff.shm && files->shm_fd < 0 && look_at(files->path, "-shm", &shm) && look_at(files->path, "-wal", &wal) &&
	       wal.st_size > 0;
}

bool wal_files_may_be_anothers(const struct file_shim *shim)
{
	const struct wal_files *files = &shim->files;
	struct stat file = {.st_ino = 0};
	int saved = errno;
	bool may = false;

	if (files->path)
		may = is_in_place(files, &file) ? wal_files_have_other_shm(shim) : file.st_ino && was_written_for(files, &file);
	errno = saved;
	return may;
}

/* By the descriptor alone. */
static bool is_as_at_last_look(const struct wal_files *files)
{
	struct stat status;

	return path_look_may_hold(&files->path_look, monotonic_now()) && glibc_fstat(files->fd, &status) == 0 &&
	       status.st_ino == files->inode && status.st_dev == files->device && path_look_holds(&files->path_look, &status);
}

static bool has_moved(struct wal_files *files)
{
	struct path_look_time time;
	struct stat status;

	if (!files->path || is_as_at_last_look(files))
		return false;
	time = path_look_time();
	if (!is_in_place(files, &status))
		return true;
	file_rights_check(files, &status);
	path_look_note(&files->path_look, &time, &status);
	return false;
}

int wal_files_before_write(struct file_shim *shim)
{
	int saved = errno;
	bool moved = file_shim_has_wal_by_recipe(shim) && shim->handoff.shm && has_moved(&shim->files);

	errno = saved;
	return moved ? SQLITE_READONLY_DBMOVED : SQLITE_OK;
}

char *wal_files_name_of(int fd)
{
	char link[sizeof("/proc/self/fd/") + 12], *name = malloc(PATH_MAX);
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = name ? readlink(link, name, PATH_MAX - 1) : -1;
	if (length < 0) {
		free(name);
		return NULL;
	}
	name[length] = '\0';
	return name;
}
