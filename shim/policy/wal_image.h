/* wal_image.h - images of databases in WAL mode.
 *
 * A database of the memdb VFS has no -wal. SQLite accepts an image in WAL mode for one (sqlite.org/c3ref/deserialize.html), and a
 * backup onto one makes it such an image; then it cannot be read. Where WAL came by recipe, the image says rollback journal. */
#ifndef SQLPROD_POLICY_WAL_IMAGE_H
#define SQLPROD_POLICY_WAL_IMAGE_H

#include "connection/connection.h"

/* Does the file header say WAL? */
bool wal_image_is(const unsigned char *image, sqlite3_int64 size);

/* Makes it say rollback journal. The image has passed wal_image_is(). */
void wal_image_to_rollback(unsigned char *image);

/* Has the program chosen a journal mode, on a connection that is open? Then it gets what SQLite gives. Takes the registry's lock.
 */
bool journal_mode_is_programs_choice(void);

/* Is the main database one of the memdb VFS? The connection's mutex is held. */
bool wal_image_is_memory(const struct connection *connection);

/* After a backup onto the connection's main database, which wal_image_is_memory(): as wal_image_to_rollback(), and what SQLite
 * has read of it is read anew. The connection's mutex is held. Nothing is changed if the database cannot be read. */
void wal_image_end_backup(const struct connection *connection);

#endif
