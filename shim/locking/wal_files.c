/* wal_files.c - what SQLite asks of a database file when it closes it, and what is left by its name. */
#include "locking/wal_files.h"
#include "connection/registry.h"

#include "base/glibc.h"
#include "base/settings.h"
#include "locking/file_rights.h"
#include "locking/file_shim.h"
#include "locking/futex.h"
#include "locking/kept_files.h"
#include "locking/kept_locks.h"
#include "locking/open_databases.h"
#include "locking/wal_readers.h"
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

/* Of an attached database nobody has noted who decided that: what the program did not set by this connection counts as the
 * recipe's. */
static bool is_by_recipe(const struct file_shim *shim)
{
	return shim->files.by_recipe || (shim->is_attached && !shim->sets_wal && !settings_get(SETTING_JOURNAL_MODE)->keep);
}

int wal_files_before_write(struct file_shim *shim)
{
	int saved = errno;
	bool moved = is_by_recipe(shim) && shim->handoff.shm && has_moved(&shim->files);

	errno = saved;
	return moved ? SQLITE_READONLY_DBMOVED : SQLITE_OK;
}

/* May another database by the old name use this file's -wal? */
static bool is_shared(const struct wal_files *files)
{
	struct stat status;
	char *name;
	bool shared;

	if (!files->wal)
		return true;
	if (glibc_stat(files->path, &status) != 0)
		return false;
	name = wal_files_join(files->path, "-wal");
	shared = !name || wal_files_name_is(AT_FDCWD, name, files->wal);
	free(name);
	return shared;
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

/* Frees the name. */
static void remove_if_same(char *name, ino_t inode)
{
	if (name && wal_files_name_is(AT_FDCWD, name, inode))
		unlink(name);
	free(name);
}

static void remove_both(const struct wal_files *files, const char *path)
{
	remove_if_same(wal_files_join(path, "-wal"), files->wal);
	remove_if_same(wal_files_join(path, "-shm"), files->shm);
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

/* By the name that the -shm has now. */
static void remove_both_by_descriptor(const struct wal_files *files)
{
	char *name = wal_files_name_of(files->shm_fd);
	size_t length = name ? strlen(name) : 0;

	if (length > 4 && strcmp(name + length - 4, "-shm") == 0) {
		name[length - 4] = '\0';
		remove_both(files, name);
	}
	free(name);
}

/* Is that file by the name that the database has now? It goes there if it is still by the old one: nobody can have another there,
 * as SQLite holds the exclusive lock. */
static bool follow(const struct wal_files *files, const char *path, const char *suffix, ino_t inode)
{
	char *old = wal_files_join(files->path, suffix), *new = wal_files_join(path, suffix);
	bool there = old && new &&wal_files_name_is(AT_FDCWD, new, inode);
	struct stat status;

	if (old && new && !there && wal_files_name_is(AT_FDCWD, old, inode) && glibc_lstat(new, &status) != 0)
		there = rename(old, new) == 0;
	free(old);
	free(new);
	return there;
}

/* All of the -wal is in the file, and SQLite holds the exclusive lock. With journal_size_limit=-1 it would leave the frames there:
 * of a backup that then takes the file's place they would be taken for changes. False if they cannot be cut off, and it must go. */
static bool keep(const struct wal_files *files, const char *path)
{
	char *wal = wal_files_join(path, "-wal");
	bool is_cut = wal && (!wal_files_name_is(AT_FDCWD, wal, files->wal) || truncate(wal, 0) == 0);

	free(wal);
	if (is_cut)
		kept_files_note(files, path);
	return is_cut;
}

/* By the name that the file has now; false where nobody needs them there, and they are removed. */
static bool keep_moved(const struct wal_files *files)
{
	char *path = wal_files_name_of(files->fd);
	bool kept = false;

	if (path && wal_files_name_is(AT_FDCWD, path, files->inode)) {
		bool wal = follow(files, path, "-wal", files->wal), shm = follow(files, path, "-shm", files->shm);

		kept = wal && shm && wal_readers_need_files(files, path) && keep(files, path);
		if (!kept)
			remove_both(files, path);
	}
	free(path);
	return kept;
}

/* SQLite holds the exclusive lock and has copied all of the -wal into the file: it is about to delete both by their old names, and
 * is kept from it, as these may be another file's. They go here, by whatever name they have now. */
static void remove_moved(const struct wal_files *files)
{
	remove_both(files, files->path);
	remove_if_same(wal_files_aside(files->path, files->wal), files->wal);
	remove_both_by_descriptor(files);
}

/* The other copy of SQLite may have opened the -wal, and would write to a deleted one. */
static bool is_in_two_copies(const struct file_shim *shim)
{
	const struct connection *connection = registry_find(shim->db);

	return connection && connection->in_two_copies;
}

static void answer_persist(struct file_shim *shim, int *persist)
{
	struct wal_files *files = &shim->files;
	int saved = errno;

	if (wal_files_moved(shim)) {
		if (!files->closing || !files->by_recipe || !keep_moved(files))
			remove_moved(files);
		*persist = 1;
	} else if (is_in_two_copies(shim)) {
		*persist = 1;
	} else if (files->closing && files->by_recipe && wal_readers_need_files(files, files->path) && keep(files, files->path)) {
		*persist = 1;
	}
	errno = saved;
}

int wal_files_control(struct file_shim *shim, sqlite3_file *file, int operation, void *argument)
{
	bool asks = operation == SQLITE_FCNTL_PERSIST_WAL && *(const int *)argument < 0;
	int rc = shim->original->xFileControl(file, operation, argument);

	if (rc != SQLITE_OK || !shim->files.path || !shim->handoff.shm)
		return rc;
	if (operation == SQLITE_FCNTL_HAS_MOVED)
		answer_moved(shim, argument);
	else if (asks && !*(const int *)argument)
		answer_persist(shim, argument);
	return rc;
}
