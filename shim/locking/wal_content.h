/* wal_content.h - does the -wal that nobody uses belong to the database beside it? Read from both. */
#ifndef SQLPROD_LOCKING_WAL_CONTENT_H
#define SQLPROD_LOCKING_WAL_CONTENT_H

#include <sqlite3.h>
#include <sys/stat.h>

struct file_shim;

enum wal_content {
	WAL_CONTENT_OWN,
	WAL_CONTENT_FOREIGN,  /* surely not */
	WAL_CONTENT_DOUBTFUL, /* the database was written after it, and no page of it is one of the -wal's */
};

#include <stdbool.h>

/* Does the database's header say so? */
bool wal_content_says_wal(const struct file_shim *shim, sqlite3_file *file);

/* While the database has a shared lock: nobody can change its journal mode. */
enum wal_content wal_content_look(struct file_shim *shim, sqlite3_file *file, const struct stat *wal);

#endif
