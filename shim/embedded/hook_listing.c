/* hook_listing.c - the functions by which a program lists folders: it may know the -wal and -shm then that were kept beside a
 * database, and move or delete each of them itself (kept_files.h).
 *
 * A process without SQLite pays for one look at memory. */
#include "base/glibc.h"
#include "base/guard.h"
#include "embedded/real.h"
#include "locking/kept_files.h"
#include "locking/wal_files.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <glob.h>
#include <sys/stat.h>

static void list(const struct stat *folder)
{
	int saved = errno;

	kept_files_remove_left(folder);
	kept_files_list(folder);
	errno = saved;
}

static inline bool may_concern(void)
{
	return __builtin_expect(wal_files_any(), 0);
}

static DIR *opened(DIR *folder)
{
	struct stat status;
	int saved = errno;

	if (folder && may_concern() && glibc_fstat(dirfd(folder), &status) == 0)
		list(&status);
	errno = saved;
	return folder;
}

static void list_name(const char *name)
{
	struct stat status;
	int saved = errno;

	if (may_concern() && name && glibc_stat(name, &status) == 0)
		list(&status);
	errno = saved;
}

static inline void list_all(void)
{
	if (may_concern())
		list(NULL);
}

static DIR *no_opendir(const char *name)
{
	(void)name;
	errno = ENOSYS;
	return NULL;
}

HOOK DIR *opendir(const char *name)
{
	return opened(REAL(opendir, no_opendir)(name));
}

static DIR *no_fdopendir(int fd)
{
	(void)fd;
	errno = ENOSYS;
	return NULL;
}

HOOK DIR *fdopendir(int fd)
{
	return opened(REAL(fdopendir, no_fdopendir)(fd));
}

/* Each calls a function of libc that calls none of those above by its name. */
#define LISTING(noted, function, ...)                                                                                              \
	noted;                                                                                                                     \
	return REAL(function, fails)(__VA_ARGS__);

static int fails(void)
{
	errno = ENOSYS;
	return -1;
}

HOOK int scandir(const char *name, struct dirent ***entries, int (*filter)(const struct dirent *),
		 int (*compare)(const struct dirent **, const struct dirent **)){
	LISTING(list_name(name), scandir, name, entries, filter, compare)}

HOOK int nftw(const char *name, int (*see)(const char *, const struct stat *, int, struct FTW *), int descriptors,
	      int flags){LISTING(list_all(), nftw, name, see, descriptors, flags)}

HOOK int glob(const char *pattern, int flags, int (*on_error)(const char *, int),
	      glob_t *paths){LISTING(list_all(), glob, pattern, flags, on_error, paths)}

/* Other C libraries, such as musl, define these as aliases of those above, or not at all. */
#ifdef __GLIBC__

HOOK int scandir64(const char *name, struct dirent64 ***entries, int (*filter)(const struct dirent64 *),
		   int (*compare)(const struct dirent64 **, const struct dirent64 **)){
	LISTING(list_name(name), scandir64, name, entries, filter, compare)}

HOOK int nftw64(const char *name, int (*see)(const char *, const struct stat64 *, int, struct FTW *), int descriptors,
		int flags){LISTING(list_all(), nftw64, name, see, descriptors, flags)}

HOOK int glob64(const char *pattern, int flags, int (*on_error)(const char *, int), glob64_t *paths)
{
	LISTING(list_all(), glob64, pattern, flags, on_error, paths)
}

#endif
