/* interposer.c - a library that interposes open() and stat() before ours, as a sanitizer, fakechroot or fakeroot does. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>

static int pass_on(const char *name, const char *path, int flags, mode_t mode)
{
	int (*next)(const char *, int, ...) = (int (*)(const char *, int, ...))(size_t)dlsym(RTLD_NEXT, name);
	volatile char frame[256]; /* as they format a path */
	int fd;

	frame[0] = path[0];
	fd = next(path, flags, mode);
	return frame[0] == path[0] ? fd : -1;
}

#define TAKE_MODE(flags)                                                                                                           \
	va_list arguments;                                                                                                         \
	mode_t mode;                                                                                                               \
	va_start(arguments, flags);                                                                                                \
	mode = va_arg(arguments, mode_t);                                                                                          \
	va_end(arguments);

__attribute__((visibility("default"))) int open(const char *path, int flags, ...)
{
	TAKE_MODE(flags)
	return pass_on("open", path, flags, mode);
}

__attribute__((visibility("default"))) int open64(const char *path, int flags, ...)
{
	TAKE_MODE(flags)
	return pass_on("open64", path, flags, mode);
}

static int pass_on_stat(const char *name, const char *path, void *out)
{
	int (*next)(const char *, void *) = (int (*)(const char *, void *))(size_t)dlsym(RTLD_NEXT, name);
	volatile int rc = next(path, out);

	return rc;
}

__attribute__((visibility("default"))) int stat(const char *path, struct stat *out)
{
	return pass_on_stat("stat", path, out);
}

__attribute__((visibility("default"))) int stat64(const char *path, struct stat64 *out)
{
	return pass_on_stat("stat64", path, out);
}
