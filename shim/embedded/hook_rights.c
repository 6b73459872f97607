/* hook_rights.c - the functions by which a process gives up rights, or its view of the files: what it has open and has not read yet
 * it could not read any more (unread_files.h).
 *
 * A process that has no database open pays for one look at memory. */
#include "base/guard.h"
#include "embedded/real.h"
#include "locking/wal_files.h"
#include "policy/unread_files.h"

#include <sys/syscall.h>
#include <unistd.h>

static inline void before_the_call(void)
{
	if (__builtin_expect(wal_files_any(), 0))
		unread_files_use_all();
}

static int kernel_chroot(const char *path)
{
	return (int)syscall(SYS_chroot, path);
}

HOOK int chroot(const char *path)
{
	before_the_call();
	return REAL(chroot, kernel_chroot)(path);
}

static int kernel_setresuid(uid_t real, uid_t effective, uid_t saved)
{
	return (int)syscall(SYS_setresuid, real, effective, saved);
}

HOOK int setresuid(uid_t real, uid_t effective, uid_t saved)
{
	before_the_call();
	return REAL(setresuid, kernel_setresuid)(real, effective, saved);
}

static int kernel_setreuid(uid_t real, uid_t effective)
{
	return (int)syscall(SYS_setreuid, real, effective);
}

HOOK int setreuid(uid_t real, uid_t effective)
{
	before_the_call();
	return REAL(setreuid, kernel_setreuid)(real, effective);
}

static int kernel_seteuid(uid_t effective)
{
	return kernel_setresuid((uid_t)-1, effective, (uid_t)-1);
}

HOOK int seteuid(uid_t effective)
{
	before_the_call();
	return REAL(seteuid, kernel_seteuid)(effective);
}

static int kernel_setuid(uid_t user)
{
	return (int)syscall(SYS_setuid, user);
}

HOOK int setuid(uid_t user)
{
	before_the_call();
	return REAL(setuid, kernel_setuid)(user);
}
