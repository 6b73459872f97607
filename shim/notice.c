/* notice.c - the functions by which a program opens files: how copies of SQLite are noticed that do not come to the front door.
 *
 * Nearly every call is none of ours, and every process under the preload makes many: a look at the flags lets them pass. */
#include "door.h"
#include "embedded.h"
#include "settings.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>

static __typeof__(&open) real_open, real_open64;
static __typeof__(&openat) real_openat, real_openat64;

/* open() may be called from a signal handler, where dlsym() may not. A call from an earlier constructor than ours finds its
 * function itself. */
static __attribute__((constructor)) void resolve(void)
{
	*(void **)&real_open = dlsym(RTLD_NEXT, "open");
	*(void **)&real_open64 = dlsym(RTLD_NEXT, "open64");
	*(void **)&real_openat = dlsym(RTLD_NEXT, "openat");
	*(void **)&real_openat64 = dlsym(RTLD_NEXT, "openat64");
}

/* SQLite's unix VFS opens a database O_RDWR|O_CREAT or, if it must, O_RDONLY; always O_CLOEXEC, O_NOFOLLOW since 3.31, and none of
 * the others: src/os_unix.c. */
static inline bool looks_like_sqlite(int flags)
{
	const int never = O_TRUNC | O_APPEND | O_DIRECTORY | O_NONBLOCK | O_NOCTTY | O_PATH;

	return (flags & O_CLOEXEC) && !(flags & never) &&
	       ((flags & O_NOFOLLOW) || (flags & (O_ACCMODE | O_CREAT)) == (O_RDWR | O_CREAT));
}

static inline bool is_noticed(int flags)
{
	return __builtin_expect(looks_like_sqlite(flags), 0) && door_depth == 0 &&
	       settings_get(SETTING_EMBEDDED)->number == SWITCH_ON && settings_get(SETTING_ENABLED)->number == SWITCH_ON;
}

#define TAKE_MODE(flags)                                                                                                           \
	va_list arguments;                                                                                                         \
	mode_t mode = 0;                                                                                                           \
	if ((flags) & (O_CREAT | O_TMPFILE)) {                                                                                     \
		va_start(arguments, flags);                                                                                        \
		mode = va_arg(arguments, mode_t);                                                                                  \
		va_end(arguments);                                                                                                 \
	}

static int open_noticed(__typeof__(&open) real, const char *path, int flags, mode_t mode, const void *caller)
{
	int fd;

	embedded_notice(caller);
	fd = real(path, flags, mode);
	if (fd >= 0)
		embedded_opened(caller, path, fd);
	return fd;
}

static int openat_noticed(__typeof__(&openat) real, int folder, const char *path, int flags, mode_t mode, const void *caller)
{
	int fd;

	embedded_notice(caller);
	fd = real(folder, path, flags, mode);
	if (fd >= 0)
		embedded_opened(caller, path, fd);
	return fd;
}

DOOR int open(const char *path, int flags, ...)
{
	TAKE_MODE(flags)
	if (!real_open)
		resolve();
	return is_noticed(flags) ? open_noticed(real_open, path, flags, mode, DOOR_CALLER) : real_open(path, flags, mode);
}

DOOR int open64(const char *path, int flags, ...)
{
	TAKE_MODE(flags)
	if (!real_open64)
		resolve();
	return is_noticed(flags) ? open_noticed(real_open64, path, flags, mode, DOOR_CALLER) : real_open64(path, flags, mode);
}

DOOR int openat(int folder, const char *path, int flags, ...)
{
	TAKE_MODE(flags)
	if (!real_openat)
		resolve();
	return is_noticed(flags) ? openat_noticed(real_openat, folder, path, flags, mode, DOOR_CALLER)
				 : real_openat(folder, path, flags, mode);
}

DOOR int openat64(int folder, const char *path, int flags, ...)
{
	TAKE_MODE(flags)
	if (!real_openat64)
		resolve();
	return is_noticed(flags) ? openat_noticed(real_openat64, folder, path, flags, mode, DOOR_CALLER)
				 : real_openat64(folder, path, flags, mode);
}
