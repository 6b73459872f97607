/* hook_rename.c - the functions by which a program gives a file another name: for databases that it has open (moving_file.h).
 *
 * A process that has none open pays for one look at memory. */
#include "base/guard.h"
#include "embedded/real.h"
#include "locking/path_look.h"
#include "locking/wal_files.h"
#include "policy/moving_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

/* linux/fs.h; new headers have it in stdio.h */
#define EXCHANGE 2

static int kernel_renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
	return (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
}

static int kernel_renameat(int from_folder, const char *from, int to_folder, const char *to)
{
	return kernel_renameat2(from_folder, from, to_folder, to, 0);
}

static int kernel_rename(const char *from, const char *to)
{
	return kernel_renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

static int kernel_linkat(int from_folder, const char *from, int to_folder, const char *to, int flags)
{
	return (int)syscall(SYS_linkat, from_folder, from, to_folder, to, flags);
}

static int kernel_link(const char *from, const char *to)
{
	return kernel_linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

static inline bool may_concern(const char *from, const char *to)
{
	return __builtin_expect(wal_files_any(), 0) && from && to;
}

/* Around the call. */
#define MOVING(from_folder, from, to_folder, to, exchanged, call)                                                                  \
	struct moving_file source = {.folder = (from_folder), .name = (from)};                                                     \
	struct moving_file target = {.folder = (to_folder), .name = (to)};                                                         \
	bool moves = may_concern((from), (to)) && moving_file_before(&source, &target);                                            \
	int rc = (call);                                                                                                           \
	if (may_concern((from), (to)))                                                                                             \
		path_look_moved();                                                                                                 \
	if (moves && rc == 0)                                                                                                      \
		moving_file_after(&source, &target, (exchanged));                                                                  \
	return rc;

HOOK int rename(const char *from,
		const char *to){MOVING(AT_FDCWD, from, AT_FDCWD, to, false, REAL(rename, kernel_rename)(from, to))}

HOOK int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
	MOVING(from_folder, from, to_folder, to, false, REAL(renameat, kernel_renameat)(from_folder, from, to_folder, to))
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags);
HOOK int renameat2(int from_folder, const char *from, int to_folder, const char *to,
		   unsigned flags){MOVING(from_folder, from, to_folder, to, (flags & EXCHANGE) != 0,
					  REAL(renameat2, kernel_renameat2)(from_folder, from, to_folder, to, flags))}

/* A second name: the -wal stays with the first. */
HOOK int link(const char *from, const char *to)
{
	if (may_concern(from, to))
		moving_file_before(&(struct moving_file){.folder = AT_FDCWD, .name = from},
				   &(struct moving_file){.folder = AT_FDCWD, .name = to});
	return REAL(link, kernel_link)(from, to);
}

HOOK int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags)
{
	if (may_concern(from, to))
		moving_file_before(&(struct moving_file){.folder = from_folder, .name = from},
				   &(struct moving_file){.folder = to_folder, .name = to});
	return REAL(linkat, kernel_linkat)(from_folder, from, to_folder, to, flags);
}
