/* hook_unshare.c - unshare(2) and setns(2), which the kernel refuses to a process of several threads: one of ours may be left where
 * the program's others have ended (idle_checkpoint.h).
 *
 * A process that has no database open pays for one look at memory. */
#include "base/guard.h"
#include "embedded/real.h"
#include "locking/wal_files.h"
#include "policy/idle_checkpoint.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline void before_the_call(void)
{
	if (__builtin_expect(wal_files_any(), 0))
		idle_checkpoint_end_threads();
}

static int kernel_unshare(int flags)
{
	return (int)syscall(SYS_unshare, flags);
}

HOOK int unshare(int flags)
{
	before_the_call();
	return REAL(unshare, kernel_unshare)(flags);
}

static int kernel_setns(int fd, int type)
{
	return (int)syscall(SYS_setns, fd, type);
}

HOOK int setns(int fd, int type)
{
	before_the_call();
	return REAL(setns, kernel_setns)(fd, type);
}
