/* kept_files.h - databases whose -wal and -shm this process has kept at the last close, for readers (wal_readers.h).
 *
 * Without the library nothing would lie beside such a file. A program that then renames or deletes it knows of no other files: they
 * go with it (policy/moving_file.h). Lock-free, allocates nothing; the last 32 databases are remembered. */
#ifndef SQLPROD_LOCKING_KEPT_FILES_H
#define SQLPROD_LOCKING_KEPT_FILES_H

#include "locking/wal_files.h"

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

/* At the last close. */
void kept_files_note(const struct wal_files *files);

/* The inodes of -wal and -shm if that database is one of them. They may be of files that are no longer there. */
bool kept_files_find(const struct stat *database, ino_t *wal, ino_t *shm);

#endif
