/* wal_names.c - renames a -wal and a -shm. */
#include "locking/wal_names.h"

#include "base/glibc.h"
#include "base/log.h"
#include "locking/file_shim.h"
#include "locking/holders.h"
#include "locking/wal_content.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool wal_names_are_read_only(const struct file_shim *shim)
{
	return (fcntl(shim->files.fd, F_GETFL) & O_ACCMODE) == O_RDONLY;
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

void wal_names_follow(const struct file_shim *shim, const char *old)
{
	struct stat status;

	if (!old || strcmp(old, shim->files.path) == 0 || (glibc_stat(old, &status) == 0 && status.st_ino == shim->files.inode))
		return;
	rename_both(old, shim->files.path);
}

void wal_names_follow_holder(const struct file_shim *shim, sqlite3_file *file, pid_t holder)
{
	char *old = holder > 0 && wal_content_says_wal(shim, file)
			    ? holders_find_old_name(holder, shim->files.device, shim->files.inode)
			    : NULL;

	if (old)
		rename_both(old, shim->files.path);
	free(old);
}

void wal_names_set_aside(const struct file_shim *shim, ino_t wal, const char *why)
{
	const char *path = shim->files.path;
	char *old = wal_files_join(path, "-wal"), *new = wal_files_aside(path, wal);

	if (old && new && !wal_names_are_read_only(shim) && rename(old, new) == 0)
		/* each that is moved has its line, whatever was said of the database before */
		log_warn_once(WARNING_LEFT_WAL, new, "%s-wal is not this file's: %s. It is kept as %s", path, why, new);
	else
		log_warn_once(WARNING_LEFT_WAL, path,
			      "DANGER: %s-wal is not this file's: %s. It will be replayed into it: stop here, and move it away",
			      path, why);
	free(old);
	free(new);
}
