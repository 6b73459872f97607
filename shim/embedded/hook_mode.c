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

/* Around the call. */
#define CHANGING(call, follow)                                                                                                     \
	int rc = (call);                                                                                                           \
	if (rc == 0 && __builtin_expect(wal_files_any(), 0))                                                                       \
		follow;                                                                                                            \
	return rc;

/* An empty name with AT_EMPTY_PATH is the open file itself. */
static void follow_at(int folder, const char *name, int flags)
{
	if (*name)
		file_rights_follow(folder, name, flags);
	else
		file_rights_follow_open(folder);
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

HOOK int chmod(const char *name,
	       mode_t mode){CHANGING(REAL(chmod, kernel_chmod)(name, mode), file_rights_follow(AT_FDCWD, name, 0))}

HOOK int fchmodat(int folder, const char *name, mode_t mode,
		  int flags){CHANGING(REAL(fchmodat, kernel_fchmodat)(folder, name, mode, flags), follow_at(folder, name, flags))}

HOOK int fchmod(int fd, mode_t mode){CHANGING(REAL(fchmod, kernel_fchmod)(fd, mode), file_rights_follow_open(fd))}

HOOK int chown(const char *name, uid_t user,
	       gid_t group){CHANGING(REAL(chown, kernel_chown)(name, user, group), file_rights_follow(AT_FDCWD, name, 0))}

HOOK int lchown(const char *name, uid_t user, gid_t group){
	CHANGING(REAL(lchown, kernel_lchown)(name, user, group), file_rights_follow(AT_FDCWD, name, AT_SYMLINK_NOFOLLOW))}

HOOK int fchownat(int folder, const char *name, uid_t user, gid_t group, int flags){
	CHANGING(REAL(fchownat, kernel_fchownat)(folder, name, user, group, flags), follow_at(folder, name, flags))}

HOOK int fchown(int fd, uid_t user, gid_t group)
{
	CHANGING(REAL(fchown, kernel_fchown)(fd, user, group), file_rights_follow_open(fd))
}
