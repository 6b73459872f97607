/* glibc.h - lets a library that was built on a new glibc run on an old one.
 *
 * glibc 2.33 and 2.34 gave new symbol versions to functions that had not changed: stat, and all of libdl and libpthread, which
 * became part of libc; scripts/package/unversioned says how those are asked for. tests/behaviour/exports.bats holds the oldest
 * glibc that is supported. Other C libraries have no symbol versions: there these are plain calls. */
#ifndef SQLPROD_BASE_GLIBC_H
#define SQLPROD_BASE_GLIBC_H

#include <pthread.h>
#include <sys/stat.h>

/* As stat(2), lstat(2), fstat(2), fstatat(2), pthread_once(3) and pthread_testcancel(3). */
int glibc_stat(const char *path, struct stat *out);
int glibc_lstat(const char *path, struct stat *out);
int glibc_fstat(int fd, struct stat *out);
int glibc_fstatat(int folder, const char *path, struct stat *out, int flags);
void glibc_once(pthread_once_t *once, void (*function)(void));
void glibc_testcancel(void);

#endif
