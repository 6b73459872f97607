/* inherited_files.h - a forked child that has closed all descriptors, as daemons do, and then opens a database anew.
 *
 * SQLite has one record for each file of a process, which its connections share: who has the shared lock, and the -shm. It stays
 * while one of them is open, also one that the child inherited and whose descriptors it has closed. A new connection would take
 * the shared lock for held, which the closing has dropped, and lock the -shm by a number that is closed now, or another file's. */
#ifndef SQLPROD_LOCKING_INHERITED_FILES_H
#define SQLPROD_LOCKING_INHERITED_FILES_H

struct file_shim;

/* Before a connection takes the shared lock: if one that was inherited has lost its descriptors, takes that lock itself, and has
 * SQLite forget the -shm, which it then opens anew. Returns SQLITE_OK, or SQLITE_BUSY where another process keeps it from that.
 * errno is kept. */
int inherited_files_lock(struct file_shim *shim);

#endif
