/* checkpoints.h - the -wal of a database that this process has open is copied into the file before others may read that.
 *
 * Without the library all rows would be in the file. Only where WAL is not the program's own choice. None waits for a lock: a
 * connection that is in use, or that another thread may be using, is left alone, and then nothing is copied. errno is kept. */
#ifndef SQLPROD_POLICY_CHECKPOINTS_H
#define SQLPROD_POLICY_CHECKPOINTS_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Before the program moves such a database. */
void checkpoint_file(ino_t inode);

/* After the program has opened a file to read it: it may copy it. */
void checkpoint_before_read(int fd);

/* The same if the code at caller, which opened the file, is no SQLite. */
void checkpoint_before_read_by(int fd, const void *caller);

/* Before the program opens a database with immutable=1 (SQLite ignores the -wal then), or starts another one, which may copy any of
 * its databases. Nothing in a signal handler. */
void checkpoint_all(void);

/* Before the program ends: the same, and a -wal of which no other process has the database open is emptied. */
void checkpoint_at_end(void);

/* After the program has asked for the size of a file, at that call: true if it is such a database, and may have another size now.
 * is_hidden: does another library make the call, so that it may be SQLite that asks? Nothing in a signal handler. */
bool checkpoint_before_size(const struct stat *status, const void *caller, bool (*is_hidden)(void));

#endif
