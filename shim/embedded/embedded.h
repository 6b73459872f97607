/* embedded.h - the second door: copies of SQLite that the loader cannot redirect.
 *
 * A program may carry SQLite inside itself, or look its functions up with dlsym(). Such a copy is noticed when it opens a file,
 * found by its table of functions (apitable.h), and handed our entry through its own sqlite3_auto_extension(), which calls us for
 * every connection that it opens, the one in the making included. From then on a trace callback shows each statement when it starts
 * and when it has ended. No code is patched.
 *
 * What differs from the front door: a statement is seen only when it is compiled. So BEGIN is upgraded right after it ran
 * (embedded.c), what the program sets comes before what we set, and foreign_keys stays as the program has it, since DROP TABLE
 * cannot be embedded. */
#ifndef SQLPROD_EMBEDDED_EMBEDDED_H
#define SQLPROD_EMBEDDED_EMBEDDED_H

/* The code at `caller` is about to open a file, with these flags, the way SQLite's unix VFS opens a database. errno is kept. */
void embedded_notice(const void *caller, int flags);

/* It has opened path as fd, or failed to (-1): if that is a database and its SQLite cannot be reached, this is said once. errno and
 * fd's offset are kept. */
void embedded_opened(const void *caller, const char *path, int fd);

#endif
