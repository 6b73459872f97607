/* hook_stat.c - the functions by which a program asks for the size of a file by its name, before it copies so many bytes of it: for
 * databases that it has open (checkpoints.h). fstat() comes after an open(), which has had the -wal copied.
 *
 * A process that has none open pays for one look at memory. SQLite's own questions are answered as they are. */
#include "base/glibc.h"
#include "base/guard.h"
#include "elf/loader.h"
#include "embedded/real.h"
#include "locking/wal_files.h"
#include "policy/checkpoints.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Does another library have these functions before us, as fakeroot's or a sanitizer's runtime? Then it is our caller, whoever asks.
 */
static bool is_preceded(void)
{
	static const char *const names[] = {"stat", "stat64", "__xstat", "__xstat64", NULL};
	static atomic_int known;

	return loader_is_preceded(&known, names);
}

/* Was the -wal copied into the file that was asked for, so that the answer is out of date? The struct is the kernel's on all that
 * have LP64: glibc.c. */
static inline bool is_outdated(int rc, const void *status, const void *caller)
{
	return __builtin_expect(wal_files_any(), 0) && rc == 0 && checkpoint_before_size(status, caller, is_preceded);
}

HOOK int stat(const char *path, struct stat *out)
{
	int rc = REAL(stat, glibc_stat)(path, out);

	return is_outdated(rc, out, HOOK_CALLER) ? REAL(stat, glibc_stat)(path, out) : rc;
}

HOOK int lstat(const char *path, struct stat *out)
{
	int rc = REAL(lstat, glibc_lstat)(path, out);

	return is_outdated(rc, out, HOOK_CALLER) ? REAL(lstat, glibc_lstat)(path, out) : rc;
}

HOOK int fstatat(int folder, const char *path, struct stat *out, int flags)
{
	int rc = REAL(fstatat, glibc_fstatat)(folder, path, out, flags);

	return is_outdated(rc, out, HOOK_CALLER) ? REAL(fstatat, glibc_fstatat)(folder, path, out, flags) : rc;
}

#ifdef STATX_SIZE

static int kernel_statx(int folder, const char *path, int flags, unsigned wanted, struct statx *out)
{
	return (int)syscall(SYS_statx, folder, path, flags, wanted, out);
}

/* wanted may be less than what is looked at here; the kernel fills in what costs nothing. */
HOOK int statx(int folder, const char *path, int flags, unsigned wanted, struct statx *out)
{
	struct stat status = {.st_mode = S_IFREG};
	int rc = REAL(statx, kernel_statx)(folder, path, flags, wanted, out);

	if (rc != 0 || !(out->stx_mask & STATX_INO))
		return rc;
	status.st_ino = out->stx_ino;
	return is_outdated(rc, &status, HOOK_CALLER) ? REAL(statx, kernel_statx)(folder, path, flags, wanted, out) : rc;
}

#endif

/* Other C libraries, such as musl, define these as aliases of those above, or not at all. */
#ifdef __GLIBC__

static int kernel_stat64(const char *path, struct stat64 *out)
{
	return glibc_stat(path, (struct stat *)out);
}

static int kernel_lstat64(const char *path, struct stat64 *out)
{
	return glibc_lstat(path, (struct stat *)out);
}

static int kernel_fstatat64(int folder, const char *path, struct stat64 *out, int flags)
{
	return glibc_fstatat(folder, path, (struct stat *)out, flags);
}

HOOK int stat64(const char *path, struct stat64 *out)
{
	int rc = REAL(stat64, kernel_stat64)(path, out);

	return is_outdated(rc, out, HOOK_CALLER) ? REAL(stat64, kernel_stat64)(path, out) : rc;
}

HOOK int lstat64(const char *path, struct stat64 *out)
{
	int rc = REAL(lstat64, kernel_lstat64)(path, out);

	return is_outdated(rc, out, HOOK_CALLER) ? REAL(lstat64, kernel_lstat64)(path, out) : rc;
}

HOOK int fstatat64(int folder, const char *path, struct stat64 *out, int flags)
{
	int rc = REAL(fstatat64, kernel_fstatat64)(folder, path, out, flags);

	return is_outdated(rc, out, HOOK_CALLER) ? REAL(fstatat64, kernel_fstatat64)(folder, path, out, flags) : rc;
}

/* What programs built with a glibc before 2.33 call. A later one shows them to such programs only, not to dlsym(3); another
 * preloaded library (fakeroot's) may have them. */
int __xstat(int version, const char *path, struct stat *out);
int __lxstat(int version, const char *path, struct stat *out);
int __fxstatat(int version, int folder, const char *path, struct stat *out, int flags);
int __xstat64(int version, const char *path, struct stat64 *out);
int __lxstat64(int version, const char *path, struct stat64 *out);
int __fxstatat64(int version, int folder, const char *path, struct stat64 *out, int flags);

static int kernel_xstat(int version, const char *path, struct stat *out)
{
	(void)version;
	return glibc_stat(path, out);
}

static int kernel_lxstat(int version, const char *path, struct stat *out)
{
	(void)version;
	return glibc_lstat(path, out);
}

static int kernel_fxstatat(int version, int folder, const char *path, struct stat *out, int flags)
{
	(void)version;
	return glibc_fstatat(folder, path, out, flags);
}

static int kernel_xstat64(int version, const char *path, struct stat64 *out)
{
	(void)version;
	return kernel_stat64(path, out);
}

static int kernel_lxstat64(int version, const char *path, struct stat64 *out)
{
	(void)version;
	return kernel_lstat64(path, out);
}

static int kernel_fxstatat64(int version, int folder, const char *path, struct stat64 *out, int flags)
{
	(void)version;
	return kernel_fstatat64(folder, path, out, flags);
}

HOOK int __xstat(int version, const char *path, struct stat *out)
{
	int rc = REAL(__xstat, kernel_xstat)(version, path, out);

	return is_outdated(rc, out, HOOK_CALLER) ? REAL(__xstat, kernel_xstat)(version, path, out) : rc;
}

HOOK int __lxstat(int version, const char *path, struct stat *out)
{
	int rc = REAL(__lxstat, kernel_lxstat)(version, path, out);

	return is_outdated(rc, out, HOOK_CALLER) ? REAL(__lxstat, kernel_lxstat)(version, path, out) : rc;
}

HOOK int __fxstatat(int version, int folder, const char *path, struct stat *out, int flags)
{
	int rc = REAL(__fxstatat, kernel_fxstatat)(version, folder, path, out, flags);

	return is_outdated(rc, out, HOOK_CALLER) ? REAL(__fxstatat, kernel_fxstatat)(version, folder, path, out, flags) : rc;
}

HOOK int __xstat64(int version, const char *path, struct stat64 *out)
{
	int rc = REAL(__xstat64, kernel_xstat64)(version, path, out);

	return is_outdated(rc, out, HOOK_CALLER) ? REAL(__xstat64, kernel_xstat64)(version, path, out) : rc;
}

HOOK int __lxstat64(int version, const char *path, struct stat64 *out)
{
	int rc = REAL(__lxstat64, kernel_lxstat64)(version, path, out);

	return is_outdated(rc, out, HOOK_CALLER) ? REAL(__lxstat64, kernel_lxstat64)(version, path, out) : rc;
}

HOOK int __fxstatat64(int version, int folder, const char *path, struct stat64 *out, int flags)
{
	int rc = REAL(__fxstatat64, kernel_fxstatat64)(version, folder, path, out, flags);

	return is_outdated(rc, out, HOOK_CALLER) ? REAL(__fxstatat64, kernel_fxstatat64)(version, folder, path, out, flags) : rc;
}

#endif
