/* hook_open.c - the hooks of the functions that open files, by which embedded copies of SQLite are noticed, and programs that read
 * a database which they have open themselves.
 *
 * Every process under the preload makes many such calls, and nearly none is SQLite's: the flags alone exclude the others. */
#include "base/guard.h"
#include "base/settings.h"
#include "embedded/caller.h"
#include "embedded/embedded.h"
#include "embedded/real.h"
#include "locking/wal_files.h"
#include "policy/checkpoints.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TAKE_MODE(flags)                                                                                                           \
	va_list arguments;                                                                                                         \
	mode_t mode = 0;                                                                                                           \
	if (((flags)&O_CREAT) || ((flags)&O_TMPFILE) == O_TMPFILE) {                                                               \
		va_start(arguments, flags);                                                                                        \
		mode = va_arg(arguments, mode_t);                                                                                  \
		va_end(arguments);                                                                                                 \
	}

static int kernel_openat(int folder, const char *path, int flags, ...)
{
	TAKE_MODE(flags)

	return (int)syscall(SYS_openat, folder, path, flags, mode);
}

static int kernel_open(const char *path, int flags, ...)
{
	TAKE_MODE(flags)

	return kernel_openat(AT_FDCWD, path, flags, mode);
}

/* SQLite's unix VFS (src/os_unix.c) opens a database with O_RDWR|O_CREAT, or O_RDONLY as a fallback; with O_NOFOLLOW since 3.31;
 * with O_CLOEXEC unless the headers it was built with lack it (xerial's sqlite-jdbc); and with none of the flags in `never`. O_EXCL
 * is for SQLite's temporary files, and is used by Python's tempfile and by git. */
static inline bool looks_like_sqlite(int flags)
{
	const int never = O_EXCL | O_TRUNC | O_APPEND | O_DIRECTORY | O_NONBLOCK | O_NOCTTY | O_PATH;

	return !(flags & never) &&
	       ((flags & O_NOFOLLOW) || (flags & (O_ACCMODE | O_CREAT | O_CLOEXEC)) == (O_RDWR | O_CREAT | O_CLOEXEC));
}

static inline bool is_noticed(int flags)
{
	return __builtin_expect(looks_like_sqlite(flags), 0) && guard_depth == 0 &&
	       settings_get(SETTING_EMBEDDED)->number == SWITCH_ON && settings_get(SETTING_ENABLED)->number == SWITCH_ON;
}

/* SQLite opens so what it may not write; a program may copy by it, as one that follows no links. */
static inline void opened_by(const void *caller, int fd, int flags)
{
	if ((flags & (O_ACCMODE | O_CREAT | O_PATH)) == O_RDONLY && fd >= 0 && wal_files_any())
		checkpoint_before_read_by(fd, caller);
}

static int open_noticed(__typeof__(&open) real, const char *path, int flags, mode_t mode, const void *caller)
{
	int fd;

	caller = caller_find(caller, __builtin_frame_address(0));
	embedded_notice(caller, flags);
	fd = real(path, flags, mode);
	embedded_opened(caller, path, fd);
	opened_by(caller, fd, flags);
	return fd;
}

static int openat_noticed(__typeof__(&openat) real, int folder, const char *path, int flags, mode_t mode, const void *caller)
{
	int fd;

	caller = caller_find(caller, __builtin_frame_address(0));
	embedded_notice(caller, flags);
	fd = real(folder, path, flags, mode);
	embedded_opened(caller, path, fd);
	opened_by(caller, fd, flags);
	return fd;
}

/* A program without a database pays for one look at memory. SQLite itself opens with O_NOFOLLOW. */
static inline bool may_be_own(int flags)
{
	return __builtin_expect(wal_files_any(), 0) && (flags & O_ACCMODE) != O_WRONLY &&
	       !(flags & (O_CREAT | O_TRUNC | O_NOFOLLOW | O_PATH | O_DIRECTORY)) && guard_depth == 0;
}

static inline int opened(int fd, int flags)
{
	if (may_be_own(flags) && fd >= 0)
		checkpoint_before_read(fd);
	return fd;
}

HOOK int open(const char *path, int flags, ...)
{
	__typeof__(&open) real = REAL(open, kernel_open);
	TAKE_MODE(flags)

	return is_noticed(flags) ? open_noticed(real, path, flags, mode, HOOK_CALLER) : opened(real(path, flags, mode), flags);
}

HOOK int openat(int folder, const char *path, int flags, ...)
{
	__typeof__(&openat) real = REAL(openat, kernel_openat);
	TAKE_MODE(flags)

	return is_noticed(flags) ? openat_noticed(real, folder, path, flags, mode, HOOK_CALLER)
				 : opened(real(folder, path, flags, mode), flags);
}

static FILE *kernel_fopen(const char *path, const char *mode)
{
	int access = strchr(mode, '+') ? O_RDWR : *mode == 'r' ? O_RDONLY : O_WRONLY;
	int create = *mode == 'r' ? 0 : O_CREAT | (*mode == 'a' ? O_APPEND : O_TRUNC);
	int fd = kernel_openat(AT_FDCWD, path, access | create, 0666);

	return fd < 0 ? NULL : fdopen(fd, mode);
}

/* libc opens these files by a function of its own. */
static FILE *opened_stream(FILE *file, const char *mode)
{
	if (file && mode && *mode == 'r')
		opened(fileno(file), strchr(mode, '+') ? O_RDWR : O_RDONLY);
	return file;
}

HOOK FILE *fopen(const char *path, const char *mode)
{
	return opened_stream(REAL(fopen, kernel_fopen)(path, mode), mode);
}

/* Without a path, which would only change the mode, nothing is opened. */
static FILE *reopened_stream(FILE *file, const char *path, const char *mode)
{
	return path ? opened_stream(file, mode) : file;
}

static FILE *no_freopen(const char *path, const char *mode, FILE *file)
{
	(void)path;
	(void)mode;
	(void)file;
	errno = ENOSYS;
	return NULL;
}

HOOK FILE *freopen(const char *path, const char *mode, FILE *file)
{
	return reopened_stream(REAL(freopen, no_freopen)(path, mode, file), path, mode);
}

/* Other C libraries, such as musl, define these as aliases of those above. */
#ifdef __GLIBC__

HOOK int open64(const char *path, int flags, ...)
{
	__typeof__(&open64) real = REAL(open64, kernel_open);
	TAKE_MODE(flags)

	return is_noticed(flags) ? open_noticed(real, path, flags, mode, HOOK_CALLER) : opened(real(path, flags, mode), flags);
}

HOOK int openat64(int folder, const char *path, int flags, ...)
{
	__typeof__(&openat64) real = REAL(openat64, kernel_openat);
	TAKE_MODE(flags)

	return is_noticed(flags) ? openat_noticed(real, folder, path, flags, mode, HOOK_CALLER)
				 : opened(real(folder, path, flags, mode), flags);
}

HOOK FILE *fopen64(const char *path, const char *mode)
{
	return opened_stream(REAL(fopen64, kernel_fopen)(path, mode), mode);
}

HOOK FILE *freopen64(const char *path, const char *mode, FILE *file)
{
	return reopened_stream(REAL(freopen64, no_freopen)(path, mode, file), path, mode);
}

/* What a program that was compiled with _FORTIFY_SOURCE calls where the compiler does not know the flags. They abort where a file
 * is to be made, so that no SQLite calls them. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int folder, const char *path, int flags);
int __openat64_2(int folder, const char *path, int flags);

static int kernel_open_2(const char *path, int flags)
{
	return kernel_open(path, flags);
}

static int kernel_openat_2(int folder, const char *path, int flags)
{
	return kernel_openat(folder, path, flags);
}

HOOK int __open_2(const char *path, int flags)
{
	return opened(REAL(__open_2, kernel_open_2)(path, flags), flags);
}

HOOK int __open64_2(const char *path, int flags)
{
	return opened(REAL(__open64_2, kernel_open_2)(path, flags), flags);
}

HOOK int __openat_2(int folder, const char *path, int flags)
{
	return opened(REAL(__openat_2, kernel_openat_2)(folder, path, flags), flags);
}

HOOK int __openat64_2(int folder, const char *path, int flags)
{
	return opened(REAL(__openat64_2, kernel_openat_2)(folder, path, flags), flags);
}

#endif
