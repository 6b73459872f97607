/* kept_files.h - databases whose -wal and -shm this process has kept at the last close, for readers (wal_readers.h), or that it has
 * deleted while it had them open.
 *
 * Without the library nothing would lie beside such a file. A program that then renames or deletes it knows of no other files: they
 * go with it (policy/moving_file.h). One that has listed the folder since may know them, and move or delete each of them itself: to
 * do so then must not fail. So they stay until it has done that, or will not do so any more. Lock-free; the last 32 databases are
 * remembered. */
#ifndef SQLPROD_LOCKING_KEPT_FILES_H
#define SQLPROD_LOCKING_KEPT_FILES_H

#include "locking/wal_files.h"

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

/* At the last close: path is the name that the file has now. */
void kept_files_note(const struct wal_files *files, const char *path);

/* Before the program deletes a database that it has open, by its last name: path is absolute. Without the library its folder could
 * be removed then. */
void kept_files_note_open(const struct stat *database, ino_t wal, ino_t shm, const char *path);

/* Removes that -wal, by the path of its database, if it is of such a one that was deleted, and is still open; false if it is not.
 */
bool kept_files_remove_open(const struct stat *wal, const char *path);

/* The inodes of -wal and -shm if that database is one of them. They may be of files that are no longer there. */
bool kept_files_find(const struct stat *database, ino_t *wal, ino_t *shm);

/* The program lists a folder; NULL: any of them. Allocates nothing. */
void kept_files_list(const struct stat *folder);

/* The inode of its folder, if the program has listed that since; else 0. */
ino_t kept_files_listed(const struct stat *database);

/* The program takes that database away, and not these files. */
void kept_files_leave(const struct stat *database);

/* It has not been taken away: the program's call has failed. */
void kept_files_stay(dev_t device, ino_t inode);

/* Removes what lies there without its database, in a folder or, if that is NULL, in all. */
void kept_files_remove_left(const struct stat *folder);

#endif
