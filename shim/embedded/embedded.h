/* embedded.h - embedded copies of SQLite: those whose functions the loader cannot redirect to our hooks.
 *
 * A program may have SQLite linked in, or look its functions up with dlsym(). Such a copy is noticed when it opens a file, found by
 * its table of functions (apitable.h), and served through its own sqlite3_auto_extension() and trace callbacks. embedded.c opens
 * with how this works.
 *
 * Differences from interposition: a statement is seen only after it was compiled. So the write lock is taken right after a BEGIN
 * has run (embedded_statement.c), settings of the program come before ours, and foreign_keys stays as the program has it, because a
 * DROP TABLE could not be prepared for. */
#ifndef SQLPROD_EMBEDDED_EMBEDDED_H
#define SQLPROD_EMBEDDED_EMBEDDED_H

/* To be called before the code at `caller` opens a file with these flags, which are those of SQLite's unix VFS for a database.
 * errno is kept. */
void embedded_notice(const void *caller, int flags);

/* To be called after that code opened path as fd, or failed to (-1). Warns once if it is a database whose SQLite cannot be reached.
 * errno and fd's offset are kept. */
void embedded_opened(const void *caller, const char *path, int fd);

/* How many files embedded copies have opened as SQLite opens a database. */
unsigned embedded_files_opened(void);

/* A connection of this copy has ended. After the last one the copy has no memory in use for our sake, if the process has one
 * thread: with others, one may be about to open. */
struct copy;
void embedded_copy_leave(struct copy *copy);

#endif
