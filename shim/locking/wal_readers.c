/* wal_readers.c - reads the modes of a database file and of the folders above it. */
#include "locking/wal_readers.h"

#include "base/glibc.h"
#include "base/path.h"

#include <stdlib.h>
#include <string.h>

/* May all others pass through the folders above? A home that is closed has no readers in it. name is cut on the way. */
static bool is_reachable(char *name)
{
	struct stat status;
	char *slash;

	while ((slash = strrchr(name, '/')) && slash != name) {
		*slash = '\0';
		if (glibc_stat(name, &status) != 0 || !(status.st_mode & S_IXOTH))
			return false;
	}
	return true;
}

/* A group that has the user's own number is the user's own. */
static bool group_is_shared(const struct stat *file)
{
	return file->st_gid != file->st_uid;
}

static bool have_readers(const struct stat *file, const struct stat *folder)
{
	if ((file->st_mode & S_IROTH) && !(folder->st_mode & S_IWOTH) && (folder->st_mode & S_IXOTH))
		return true;
	if (!(file->st_mode & S_IRGRP) || !group_is_shared(file))
		return false;
	if (folder->st_gid == file->st_gid)
		return !(folder->st_mode & S_IWGRP) && (folder->st_mode & S_IXGRP);
	return !(folder->st_mode & (S_IWOTH | S_IWGRP)) && (folder->st_mode & S_IXOTH);
}

static void permit(const char *path, const char *suffix, ino_t inode, mode_t mode)
{
	char *name = wal_files_join(path, suffix);
	struct stat status;

	if (inode && name && glibc_lstat(name, &status) == 0 && status.st_ino == inode && S_ISREG(status.st_mode) &&
	    (status.st_mode & 0777) != (mode & 0777))
		chmod(name, mode & 0777);
	free(name);
}

bool wal_readers_need_files(const struct wal_files *files, const char *path)
{
	char *name = wal_files_join(path, "");
	struct stat file, folder;
	bool need = false;

	if (name && path_cut_name(name) && glibc_fstat(files->fd, &file) == 0)
		need = glibc_stat(name, &folder) == 0 && have_readers(&file, &folder) && is_reachable(name);
	free(name);
	if (need) {
		permit(path, "-wal", files->wal, file.st_mode);
		permit(path, "-shm", files->shm, file.st_mode);
	}
	return need;
}
