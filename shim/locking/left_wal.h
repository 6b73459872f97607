/* left_wal.h - a -wal that lies beside a database before its first read: whose is it?
 *
 * SQLite replays whatever -wal has the right name. It is this file's own if others use the file, or if the last one to use it was
 * killed: then it belongs into the database. But it belongs to another file if that was replaced while somebody had it open
 * (mv NEW FILE), or if a backup was copied over it after a kill. What can be told for sure is acted upon, and no -wal is ever
 * deleted here: one that is in the way is given another name. What is only likely is a warning. */
#ifndef SQLPROD_LOCKING_LEFT_WAL_H
#define SQLPROD_LOCKING_LEFT_WAL_H

#include <sqlite3.h>
#include <stdbool.h>

struct file_shim;

/* Once for each open file, when SQLite has its first shared lock and has not looked for a -wal yet. Sets shim->files.left if a -wal
 * of this file was there that nobody is using. False if it is to give that lock back, and try again: another connection has to have
 * the file alone for the same. errno is kept. */
bool left_wal_look(struct file_shim *shim, sqlite3_file *file);

/* Before SQLite maps the -shm; we have it do so before the first read, to see whether the filesystem can. errno is kept. */
void left_wal_before_map(struct file_shim *shim);

#endif
