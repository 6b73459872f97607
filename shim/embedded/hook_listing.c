/* hook_listing.c - the functions by which a program lists folders: it may know the -wal and -shm then that were kept beside a
 * database, and move or delete each of them itself (kept_files.h).
 *
 * A process without SQLite pays for one look at memory. */
#include "base/glibc.h"
#include "base/guard.h"
#include "elf/versions.h"
#include "embedded/real.h"
#include "locking/kept_files.h"
#include "locking/wal_files.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#ifdef __GLIBC__
#include <fts.h>
#endif
#include <ftw.h>
#include <glob.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

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
#define LISTING(noted, function, fails, ...)                                                                                       \
	noted;                                                                                                                     \
	return REAL(function, fails)(__VA_ARGS__);

static int fails(void)
{
	errno = ENOSYS;
	return -1;
}

HOOK int scandir(const char *name, struct dirent ***entries, int (*filter)(const struct dirent *),
		 int (*compare)(const struct dirent **, const struct dirent **)){
	LISTING(list_name(name), scandir, fails, name, entries, filter, compare)}

HOOK int ftw(const char *name, int (*see)(const char *, const struct stat *, int),
	     int descriptors){LISTING(list_all(), ftw, fails, name, see, descriptors)}

HOOK int nftw(const char *name, int (*see)(const char *, const struct stat *, int, struct FTW *), int descriptors, int flags)
{
	LISTING(list_all(), nftw, fails, name, see, descriptors, flags)
}

/* Of the first glibc for the machine. Others have but one glob(), or are not served (elf/apitable.h). */
#if defined(__GLIBC__) && defined(__x86_64__) && defined(__LP64__)
#define OLD_VERSION "GLIBC_2.2.5"
#elif defined(__GLIBC__) && defined(__aarch64__)
#define OLD_VERSION "GLIBC_2.17"
#endif

#ifdef OLD_VERSION
static void *no_dlvsym(void *handle, const char *name, const char *version)
{
	(void)handle;
	(void)name;
	(void)version;
	return NULL;
}

/* The function that a program gets which was linked with a glibc before 2.27. It does not call gl_lstat, which such programs do not
 * set. NULL for others, and where the program does not bring the functions that glob() calls. */
static __attribute__((noinline)) void *find_old(const char *name, int flags, const void *caller)
{
	bool is_old = (flags & GLOB_ALTDIRFUNC) && !versions_has(caller, "GLIBC_2.27");
	void *old = is_old ? REAL(dlvsym, no_dlvsym)(RTLD_NEXT, name, OLD_VERSION) : NULL;

	/* not by a jump: library.c */
	__asm__ volatile("" : "+r"(old));
	return old;
}
#else
static void *find_old(const char *name, int flags, const void *caller)
{
	(void)name;
	(void)flags;
	(void)caller;
	return NULL;
}
#endif

/* Calls the function as its caller was linked with it. */
#define GLOBBING(function)                                                                                                         \
	void *old = find_old(#function, flags, HOOK_CALLER);                                                                       \
	list_all();                                                                                                                \
	return (old ? *(__typeof__(&function) *)&old : REAL(function, fails))(pattern, flags, on_error, paths);

HOOK int glob(const char *pattern, int flags, int (*on_error)(const char *, int), glob_t *paths){GLOBBING(glob)}

/* Other C libraries, such as musl, define these as aliases of those above, or not at all. */
#ifdef __GLIBC__

HOOK int scandir64(const char *name, struct dirent64 ***entries, int (*filter)(const struct dirent64 *),
		   int (*compare)(const struct dirent64 **, const struct dirent64 **)){
	LISTING(list_name(name), scandir64, fails, name, entries, filter, compare)}

HOOK int ftw64(const char *name, int (*see)(const char *, const struct stat64 *, int),
	       int descriptors){LISTING(list_all(), ftw64, fails, name, see, descriptors)}

HOOK int nftw64(const char *name, int (*see)(const char *, const struct stat64 *, int, struct FTW *), int descriptors, int flags)
{
	LISTING(list_all(), nftw64, fails, name, see, descriptors, flags)
}

static void *fails_to_open(void)
{
	errno = ENOSYS;
	return NULL;
}

HOOK FTS *fts_open(char *const *names, int options, int (*compare)(const FTSENT **, const FTSENT **)){
	LISTING(list_all(), fts_open, fails_to_open, names, options, compare)}

HOOK FTS64 *fts64_open(char *const *names, int options, int (*compare)(const FTSENT64 **, const FTSENT64 **)){
	LISTING(list_all(), fts64_open, fails_to_open, names, options, compare)}

/* glibc has it since 2.30. */
ssize_t getdents64(int folder, void *entries, size_t size);

static ssize_t kernel_getdents64(int folder, void *entries, size_t size)
{
	return syscall(SYS_getdents64, folder, entries, size);
}

/* A folder is listed by several calls, and what the first one has told of may be deleted in between: nothing is removed here. */
HOOK ssize_t getdents64(int folder, void *entries, size_t size)
{
	struct stat status;
	int saved = errno;

	if (may_concern() && glibc_fstat(folder, &status) == 0)
		kept_files_list(&status);
	errno = saved;
	return REAL(getdents64, kernel_getdents64)(folder, entries, size);
}

HOOK int glob64(const char *pattern, int flags, int (*on_error)(const char *, int), glob64_t *paths)
{
	GLOBBING(glob64)
}

#endif
