/* unread_files.h - the program moves or deletes a database that is in WAL mode, or gives up its rights or its view of it, and has
 * it open by a connection that has not read it yet.
 *
 * SQLite opens the -wal at the first read, by the name that the file was opened by, and asks for the mode of the file by that name.
 * Once there is none, or it may not, it fails with an input/output error, where a database without WAL is read through the
 * descriptor. So before that such a connection uses its database. */
#ifndef SQLPROD_POLICY_UNREAD_FILES_H
#define SQLPROD_POLICY_UNREAD_FILES_H

#include <sys/types.h>

/* Before the file of that inode loses its name. Leaves a connection alone that is in use, or that another thread may be using. */
void unread_files_use(ino_t inode);

/* The same for every file. */
void unread_files_use_all(void);

#endif
