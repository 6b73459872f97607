/* hook_mode.c - the functions by which a program changes the mode or the owner of a file: -wal and -shm of a database that it has
 * open follow (file_rights.h).
 *
 * A process that has none open pays for one look at memory. */
#include "base/guard.h"
#include "embedded/real.h"
#include "locking/file_rights.h"
#include "locking/wal_files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* With the result of the call. An empty name is the open file itself, as with AT_EMPTY_PATH. */
static int changed(int rc, int folder, const char *name, int flags)
{
	if (rc != 0 || __builtin_expect(!wal_files_any(), 1))
		return rc;
	if (*name)
		file_rights_follow(folder, name, flags);
	else
		file_rights_follow_open(folder);
	return rc;
}

static int kernel_fchmodat(int folder, const char *name, mode_t mode, int flags)
{
	if (flags) {
		errno = ENOTSUP;
		return -1;
	}
	return (int)syscall(SYS_fchmodat, folder, name, mode);
}

static int kernel_chmod(const char *name, mode_t mode)
{
	return kernel_fchmodat(AT_FDCWD, name, mode, 0);
}

static int kernel_fchmod(int fd, mode_t mode)
{
	return (int)syscall(SYS_fchmod, fd, mode);
}

static int kernel_fchownat(int folder, const char *name, uid_t user, gid_t group, int flags)
{
	return (int)syscall(SYS_fchownat, folder, name, user, group, flags);
}

static int kernel_chown(const char *name, uid_t user, gid_t group)
{
	return kernel_fchownat(AT_FDCWD, name, user, group, 0);
}

static int kernel_lchown(const char *name, uid_t user, gid_t group)
{
	return kernel_fchownat(AT_FDCWD, name, user, group, AT_SYMLINK_NOFOLLOW);
}

static int kernel_fchown(int fd, uid_t user, gid_t group)
{
	return (int)syscall(SYS_fchown, fd, user, group);
}

HOOK int chmod(const char *name, mode_t mode)
{
	return changed(REAL(chmod, kernel_chmod)(name, mode), AT_FDCWD, name, 0);
}

HOOK int fchmodat(int folder, const char *name, mode_t mode, int flags)
{
	return changed(REAL(fchmodat, kernel_fchmodat)(folder, name, mode, flags), folder, name, flags);
}

HOOK int fchmod(int fd, mode_t mode)
{
	return changed(REAL(fchmod, kernel_fchmod)(fd, mode), fd, "", 0);
}

HOOK int chown(const char *name, uid_t user, gid_t group)
{
	return changed(REAL(chown, kernel_chown)(name, user, group), AT_FDCWD, name, 0);
}

HOOK int lchown(const char *name, uid_t user, gid_t group)
{
	return changed(REAL(lchown, kernel_lchown)(name, user, group), AT_FDCWD, name, AT_SYMLINK_NOFOLLOW);
}

HOOK int fchownat(int folder, const char *name, uid_t user, gid_t group, int flags)
{
	return changed(REAL(fchownat, kernel_fchownat)(folder, name, user, group, flags), folder, name, flags);
}

HOOK int fchown(int fd, uid_t user, gid_t group)
{
	return changed(REAL(fchown, kernel_fchown)(fd, user, group), fd, "", 0);
}
