/* unix_file.h - the descriptors in a file object of SQLite's unix VFS.
 *
 * No method returns them. The first members of these objects have been the same from 3.7.17 to 3.54 (src/os_unix.c); each is
 * checked against what the kernel says before it is used. Only for files whose VFS is "unix" or "unix-excl". */
#ifndef SQLPROD_SQLITE_UNIX_FILE_H
#define SQLPROD_SQLITE_UNIX_FILE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <sys/types.h>

struct unix_file {
	int fd;
	dev_t device;
	ino_t inode;
};

/* Fills *out in for a database file that is open. False, with *out undefined, if a member is not what the kernel says. errno is
 * kept. */
bool unix_file_find(sqlite3_file *file, struct unix_file *out);

/* The descriptor of the -shm of the database at `path`, while that is mapped; -1 if it is not, or cannot be found. errno is kept.
 */
int unix_file_find_shm(sqlite3_file *file, const char *path);

/* Has SQLite forget the -shm that its connections share, so that the next one opens it anew. What is mapped stays so, and is never
 * given back. For a -shm of which no connection can be used any more. errno is kept. */
void unix_file_forget_shm(sqlite3_file *file, const char *path);

/* Is the -shm mapped by this file object, not only by others of the process? False if that cannot be found. errno is kept. */
bool unix_file_maps_shm(sqlite3_file *file, const char *path);

#endif
