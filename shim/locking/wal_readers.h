/* wal_readers.h - does anybody read this database who may not write its folder?
 *
 * Who may read a database in WAL mode, but not create the -wal and -shm beside it, is refused as soon as the last one to use it has
 * deleted these (sqlite.org/wal.html#read_only_databases). Where the modes of the file and of its folder are so, they stay. */
#ifndef SQLPROD_LOCKING_WAL_READERS_H
#define SQLPROD_LOCKING_WAL_READERS_H

#include "locking/wal_files.h"

/* At the last close, while the file is open; path is its name now. If so, sees to it that the two files can be read by those who
 * can read the database. */
bool wal_readers_need_files(const struct wal_files *files, const char *path);

#endif
