/* wal_names.h - gives the -wal and -shm that lie beside a database other names: those by which SQLite looks for them, or one by
 * which it does not. Nothing is ever overwritten. errno may change. */
#ifndef SQLPROD_LOCKING_WAL_NAMES_H
#define SQLPROD_LOCKING_WAL_NAMES_H

#include <sqlite3.h>
#include <stdbool.h>
#include <sys/types.h>

struct file_shim;

/* Is the database open for reading only? Then nothing beside it is renamed either. */
bool wal_names_are_read_only(const struct file_shim *shim);

/* The file has moved, and this process has it open by its old name (NULL: it has not): SQLite shares the -shm among a process's
 * connections by inode, and would look for a -wal by the new name. Both follow the file. */
void wal_names_follow(const struct file_shim *shim, const char *old);

/* Another process may have the file in WAL mode, by a name that it had before: both follow the file. */
void wal_names_follow_holder(const struct file_shim *shim, sqlite3_file *file, pid_t holder);

/* The -wal of that inode is not this file's, for a reason that is said in a warning: gives it another name, or says what will
 * happen if it could not. */
void wal_names_set_aside(const struct file_shim *shim, ino_t wal, const char *why);

#endif
