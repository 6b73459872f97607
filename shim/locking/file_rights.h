/* file_rights.h - the program changes the mode or the owner of a database that it has open itself, or had: its -wal and -shm get
 * the same, as without the library whoever may then write the file can use it.
 *
 * SQLite gives both the file's mode and owner when it makes them, and never again. Only where WAL is not the program's own choice.
 * errno is kept; nothing in a signal handler. */
#ifndef SQLPROD_LOCKING_FILE_RIGHTS_H
#define SQLPROD_LOCKING_FILE_RIGHTS_H

struct wal_files;
struct stat;

/* After SQLite has opened the -wal: remembers mode and owner. Before a write, with what stat() says of the file: have they changed?
 */
void file_rights_begin(struct wal_files *files);
void file_rights_check(struct wal_files *files, const struct stat *status);

/* After the call that changed the file by that name; folder and flags as for fchmodat(2). */
void file_rights_follow(int folder, const char *name, int flags);

/* After the one that changed the open file. */
void file_rights_follow_open(int fd);

#endif
