/* glibc.h - lets a library that was built on a new glibc run on an old one.
 *
 * glibc 2.33 and 2.34 gave new versions to functions that had not changed: stat, and all of libdl and libpthread, which became part
 * of libc. tests/exports.bats says how old a glibc may be. Other C libraries have no versions: there this is as good as nothing. */
#ifndef SQLPROD_BASE_GLIBC_H
#define SQLPROD_BASE_GLIBC_H

#include <pthread.h>
#include <sys/stat.h>

/* Asks for the function's first version, which on x86-64 is the one that is named; aarch64 began with 2.17. */
#if defined(__GLIBC__) && defined(__x86_64__) && defined(__LP64__)
#define GLIBC_FIRST(function, version) __asm__(".symver " #function "," #function "@GLIBC_" version);
#elif defined(__GLIBC__) && defined(__aarch64__) && defined(__LP64__)
#define GLIBC_FIRST(function, version) __asm__(".symver " #function "," #function "@GLIBC_2.17");
#else
#define GLIBC_FIRST(function, version)
#endif

/* As stat(2), lstat(2), fstat(2), pthread_once(3) and pthread_testcancel(3). */
int glibc_stat(const char *path, struct stat *out);
int glibc_lstat(const char *path, struct stat *out);
int glibc_fstat(int fd, struct stat *out);
void glibc_once(pthread_once_t *once, void (*function)(void));
void glibc_testcancel(void);

#endif
