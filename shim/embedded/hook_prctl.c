/* hook_prctl.c - prctl(2), by which a process confines itself: it may not open its databases any more then (idle_checkpoint.h).
 *
 * libseccomp and others forbid the process new rights by it before they install a filter by seccomp(2). A process that has no
 * database open pays for one look at memory. */
#include "base/guard.h"
#include "embedded/real.h"
#include "locking/wal_files.h"
#include "policy/idle_checkpoint.h"

#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* It has up to four more arguments, which libc passes on as they are: reading one that was not given reads what is in its place. */
#define TAKE_ARGUMENTS(option)                                                                                                     \
	va_list arguments;                                                                                                         \
	unsigned long given[4];                                                                                                    \
	va_start(arguments, option);                                                                                               \
	for (int i = 0; i < 4; i++)                                                                                                \
		given[i] = va_arg(arguments, unsigned long);                                                                       \
	va_end(arguments);

static int kernel_prctl(int option, ...)
{
	TAKE_ARGUMENTS(option)

	return (int)syscall(SYS_prctl, option, given[0], given[1], given[2], given[3]);
}

HOOK int prctl(int option, ...)
{
	TAKE_ARGUMENTS(option)

	if ((option == PR_SET_SECCOMP || option == PR_SET_NO_NEW_PRIVS) && __builtin_expect(wal_files_any(), 0))
		idle_checkpoint_confine();
	return REAL(prctl, kernel_prctl)(option, given[0], given[1], given[2], given[3]);
}
