/* glibc.h - lets a library that was built on a new glibc run on an old one.
 *
 * glibc 2.33 and 2.34 gave new symbol versions to functions that had not changed: stat, and all of libdl and libpthread, which
 * became part of libc. tests/behaviour/exports.bats holds the oldest glibc that is supported. Other C libraries have no symbol
 * versions: there these are plain calls. */
#ifndef SQLPROD_BASE_GLIBC_H
#define SQLPROD_BASE_GLIBC_H

#include <pthread.h>
#include <sys/stat.h>

/* Binds to the function's first version: the named one on x86-64, 2.17 on aarch64, which began with it. */
#if defined(__GLIBC__) && defined(__x86_64__) && defined(__LP64__)
#define GLIBC_FIRST(function, version) __asm__(".symver " #function "," #function "@GLIBC_" version);
#elif defined(__GLIBC__) && defined(__aarch64__) && defined(__LP64__)
#define GLIBC_FIRST(function, version) __asm__(".symver " #function "," #function "@GLIBC_2.17");
#else
#define GLIBC_FIRST(function, version)
#endif

/* As stat(2), lstat(2), fstat(2), fstatat(2), pthread_once(3) and pthread_testcancel(3). */
int glibc_stat(const char *path, struct stat *out);
int glibc_lstat(const char *path, struct stat *out);
int glibc_fstat(int fd, struct stat *out);
int glibc_fstatat(int folder, const char *path, struct stat *out, int flags);
void glibc_once(pthread_once_t *once, void (*function)(void));
void glibc_testcancel(void);

#endif
