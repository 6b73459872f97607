/* file_rights.h - the mode or the owner of a database is another one than that of its -wal and -shm: they get the same, as without
 * the library whoever may write the file can use it.
 *
 * The program changes it while it has the file open itself, or had; or its users share the file as a group, which is not the first
 * group of each. SQLite gives both the file's mode when it makes them, the owner and the group only if it is root, and never again.
 * Only where WAL is not the program's own choice. errno is kept; nothing in a signal handler. */
#ifndef SQLPROD_LOCKING_FILE_RIGHTS_H
#define SQLPROD_LOCKING_FILE_RIGHTS_H

struct wal_files;
struct stat;

/* After SQLite has opened the -wal and the -shm: remembers their mode and owner. Once WAL is known to be by recipe: are they the
 * file's? Before a write, with what stat() says of the file: have they changed? */
void file_rights_begin(struct wal_files *files, const struct stat *wal, const struct stat *shm);
void file_rights_compare(struct wal_files *files);
void file_rights_check(struct wal_files *files, const struct stat *status);

/* After the call that changed the file by that name; folder and flags as for fchmodat(2). */
void file_rights_follow(int folder, const char *name, int flags);

/* After the one that changed the open file. */
void file_rights_follow_open(int fd);

#endif
