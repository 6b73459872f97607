/* wal_content.h - does a -wal that no connection uses belong to the database beside it? Both files are read for that. */
#ifndef SQLPROD_LOCKING_WAL_CONTENT_H
#define SQLPROD_LOCKING_WAL_CONTENT_H

#include <sqlite3.h>
#include <sys/stat.h>

struct file_shim;

enum wal_content {
	WAL_CONTENT_OWN,
	WAL_CONTENT_OTHER_MODE, /* surely not: the database is not in WAL mode */
	WAL_CONTENT_FOREIGN,    /* surely not: it begins with another state of the database than the one that is there */
	WAL_CONTENT_DOUBTFUL,   /* the database was written after it, and no page of it is one of the -wal's */
	WAL_CONTENT_TOUCHED,    /* the same, but only its mode, owner or place changed after it, or its times were set (cp -p) */
};

#include <stdbool.h>

/* Does the database's header say WAL mode? Reads it through SQLite's file. */
bool wal_content_says_wal(const struct file_shim *shim, sqlite3_file *file);

/* Is the database not in WAL mode, or was it changed after the -wal? Else the -wal is its own. */
bool wal_content_is_suspect(const struct file_shim *shim, sqlite3_file *file, const struct stat *wal);

/* To be called while the connection has a shared lock on the database, so that no other can change its journal mode. wal: the
 * status of the -wal. Reads both files; errno may change. */
enum wal_content wal_content_look(struct file_shim *shim, sqlite3_file *file, const struct stat *wal);

#endif
