/* moving_file.c - what becomes of the -wal and -shm of a database that its own process moves. */
#include "policy/moving_file.h"

#include "base/glibc.h"
#include "base/path.h"
#include "locking/file_shim.h"
#include "locking/kept_files.h"
#include "locking/open_databases.h"
#include "policy/checkpoints.h"
#include "policy/unread_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXCHANGE 2 /* RENAME_EXCHANGE: linux/fs.h */

static bool look(struct moving_file *file, const struct stat *status)
{
	file->wal = file->shm = 0;
	if (S_ISDIR(status->st_mode))
		unread_files_use_all();
	if (!S_ISREG(status->st_mode))
		return false;
	unread_files_use(status->st_ino);
	if (!open_databases_find(status->st_ino, &file->wal, &file->shm))
		return kept_files_find(status, &file->wal, &file->shm);
	checkpoint_file(status->st_ino);
	return true;
}

static bool look_by_name(struct moving_file *file)
{
	struct stat status;

	return glibc_fstatat(file->folder, file->name, &status, 0) == 0 && look(file, &status);
}

/* The inode of the folder that a name lies in. */
static ino_t folder_of(const struct moving_file *file)
{
	char *path = wal_files_join(file->name, "");
	struct stat folder = {.st_ino = 0};

	if (path)
		glibc_fstatat(file->folder, path_cut_name(path) ? path : ".", &folder, 0);
	free(path);
	return folder.st_ino;
}

/* May the program know -wal and -shm of a closed database, which it moves to another folder, and be about to move them too? */
static bool is_one_of_a_list(const struct moving_file *from, const struct moving_file *to)
{
	struct stat status;
	ino_t wal, shm, folder;

	if (glibc_fstatat(from->folder, from->name, &status, 0) != 0 || open_databases_find(status.st_ino, &wal, &shm))
		return false;
	folder = kept_files_listed(&status);
	if (!folder || folder == folder_of(to))
		return false;
	kept_files_leave(&status);
	return true;
}

bool moving_file_before(struct moving_file *from, struct moving_file *to)
{
	int saved = errno;
	bool source = look_by_name(from), target = look_by_name(to);

	if (source && !target && is_one_of_a_list(from, to))
		source = false;
	errno = saved;
	return source || target;
}

/* The absolute path of a file that is there; NULL if it cannot be had, or is too long. To be freed. */
static char *path_of(const struct moving_file *file)
{
	char path[1024];
	int length;

	if (file->folder == AT_FDCWD || *file->name == '/')
		return realpath(file->name, NULL);
	length = snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", file->folder, file->name);
	return length < (int)sizeof(path) ? realpath(path, NULL) : NULL;
}

/* Is it a database that the process has open? By a name that is not its last one it leaves -wal and -shm in use. */
static bool is_open(const struct moving_file *file, const struct stat *status)
{
	ino_t wal, shm;
	char *path;

	if (!open_databases_find(status->st_ino, &wal, &shm))
		return false;
	path = status->st_nlink == 1 ? path_of(file) : NULL;
	if (path)
		kept_files_note_open(status, wal, shm, path);
	free(path);
	return true;
}

bool moving_file_before_delete(struct moving_file *file)
{
	struct stat status;
	int saved = errno;
	bool found = glibc_fstatat(file->folder, file->name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode);

	file->left = 0;
	if (found) {
		unread_files_use(status.st_ino);
		file->device = status.st_dev;
		file->left = is_open(file, &status) ? status.st_ino : 0;
		found = !file->left && kept_files_find(&status, &file->wal, &file->shm);
	}
	if (found && kept_files_listed(&status)) {
		kept_files_leave(&status);
		file->left = status.st_ino;
		found = false;
	}
	errno = saved;
	return found;
}

struct names {
	char *old, *new;
};

static bool names_make(struct names *names, const struct moving_file *from, const struct moving_file *to, const char *suffix)
{
	names->old = wal_files_join(from->name, suffix);
	names->new = wal_files_join(to->name, suffix);
	return names->old && names->new;
}

static void names_free(struct names *names)
{
	free(names->old);
	free(names->new);
}

static void move(const struct moving_file *from, const struct moving_file *to, const char *suffix, ino_t mine, ino_t replaced)
{
	struct names names;

	if (!names_make(&names, from, to, suffix))
		;
	else if (wal_files_name_is(from->folder, names.old, mine))
		renameat(from->folder, names.old, to->folder, names.new);
	else if (wal_files_name_is(to->folder, names.new, replaced))
		unlinkat(to->folder, names.new, 0);
	names_free(&names);
}

/* Where there is only one of them, it moves. */
static void exchange(const struct moving_file *from, const struct moving_file *to, const char *suffix)
{
	struct names names;

	if (names_make(&names, from, to, suffix) &&
	    syscall(SYS_renameat2, from->folder, names.old, to->folder, names.new, EXCHANGE) != 0 && errno == ENOENT &&
	    renameat(from->folder, names.old, to->folder, names.new) != 0)
		renameat(to->folder, names.new, from->folder, names.old);
	names_free(&names);
}

void moving_file_after(const struct moving_file *from, const struct moving_file *to, bool exchanged)
{
	int saved = errno;

	if (exchanged) {
		exchange(from, to, "-wal");
		exchange(from, to, "-shm");
	} else if (from->wal != to->wal || !from->wal) {
		move(from, to, "-wal", from->wal, to->wal);
		move(from, to, "-shm", from->shm, to->shm);
	}
	errno = saved;
}

static void remove_beside(const struct moving_file *file, const char *suffix, ino_t inode)
{
	char *name = wal_files_join(file->name, suffix);

	/* The system call that SQLite deletes a -wal by, where that will do: a sandbox may know no other. */
	if (!name || !wal_files_name_is(file->folder, name, inode))
		;
	else if (file->folder == AT_FDCWD)
		unlink(name);
	else
		unlinkat(file->folder, name, 0);
	free(name);
}

/* One that another process has written to since stays. */
static bool is_empty(const struct moving_file *file)
{
	char *name = wal_files_join(file->name, "-wal");
	struct stat status;
	bool empty = name && glibc_fstatat(file->folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_size == 0;

	free(name);
	return empty;
}

void moving_file_after_delete(const struct moving_file *file)
{
	int saved = errno;

	if (is_empty(file)) {
		remove_beside(file, "-wal", file->wal);
		remove_beside(file, "-shm", file->shm);
	}
	errno = saved;
}

void moving_file_not_deleted(const struct moving_file *file)
{
	if (file->left)
		kept_files_stay(file->device, file->left);
}
