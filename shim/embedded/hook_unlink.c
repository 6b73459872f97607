/* hook_unlink.c - the functions by which a program deletes a file: for databases whose -wal and -shm were kept (moving_file.h), or
 * that a connection has open and has not read yet (unread_files.h); or a folder: that one would be empty without these files.
 *
 * A process without SQLite pays for one look at memory. A database that is in use is looked at when it is closed. */
#include "base/glibc.h"
#include "base/guard.h"
#include "embedded/real.h"
#include "locking/kept_files.h"
#include "locking/wal_files.h"
#include "policy/moving_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int kernel_unlinkat(int folder, const char *name, int flags)
{
	return (int)syscall(SYS_unlinkat, folder, name, flags);
}

static int kernel_unlink(const char *name)
{
	return kernel_unlinkat(AT_FDCWD, name, 0);
}

/* POSIX lets unlink() of a folder fail with EPERM, Linux has it fail with EISDIR. */
static int kernel_remove(const char *name)
{
	int rc = kernel_unlink(name);

	return rc != 0 && errno == EISDIR ? kernel_unlinkat(AT_FDCWD, name, AT_REMOVEDIR) : rc;
}

static inline bool is_kept(struct moving_file *file)
{
	return __builtin_expect(wal_files_any(), 0) && file->name && moving_file_before_delete(file);
}

/* Is the call to be made again, that found a folder not empty? */
static bool was_emptied(int folder, const char *name)
{
	struct stat status;
	int saved = errno;
	bool found = (saved == ENOTEMPTY || saved == EEXIST) && wal_files_any() && glibc_fstatat(folder, name, &status, 0) == 0;

	if (found)
		kept_files_remove_left(&status);
	errno = saved;
	return found;
}

/* Around the call. */
#define DELETING(at, path, call)                                                                                                   \
	struct moving_file file = {.folder = (at), .name = (path)};                                                                \
	bool kept = is_kept(&file);                                                                                                \
	int rc = (call);                                                                                                           \
	if (rc != 0 && was_emptied((at), (path)))                                                                                  \
		rc = (call);                                                                                                       \
	if (rc != 0)                                                                                                               \
		moving_file_not_deleted(&file);                                                                                    \
	else if (kept)                                                                                                             \
		moving_file_after_delete(&file);                                                                                   \
	return rc;

HOOK int unlink(const char *name){DELETING(AT_FDCWD, name, REAL(unlink, kernel_unlink)(name))}

HOOK int unlinkat(int folder, const char *name, int flags)
{
	DELETING(folder, name, REAL(unlinkat, kernel_unlinkat)(folder, name, flags))
}

static int kernel_rmdir(const char *name)
{
	return kernel_unlinkat(AT_FDCWD, name, AT_REMOVEDIR);
}

HOOK int rmdir(const char *name)
{
	int rc = REAL(rmdir, kernel_rmdir)(name);

	return rc != 0 && was_emptied(AT_FDCWD, name) ? REAL(rmdir, kernel_rmdir)(name) : rc;
}

HOOK int remove(const char *name)
{
	DELETING(AT_FDCWD, name, REAL(remove, kernel_remove)(name))
}
