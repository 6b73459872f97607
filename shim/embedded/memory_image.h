/* memory_image.h - images of databases in WAL mode that a program gives to sqlite3_deserialize() of an embedded copy.
 *
 * As hooks/hook_serialize.c: SQLite accepts such an image, and cannot read it. Where WAL came by recipe, it is read as one with a
 * rollback journal. Nothing tells an embedded copy's sqlite3_deserialize(), so the copy's memdb VFS is watched: its xAccess is
 * called before a connection reads the header of a database that no other statement reads. From there the database's file object
 * gets methods that show the header so. The program's memory is not written to. */
#ifndef SQLPROD_EMBEDDED_MEMORY_IMAGE_H
#define SQLPROD_EMBEDDED_MEMORY_IMAGE_H

#include "sqlite/copy.h"

/* Watches the copy's memdb VFS, if it has one (SQLite 3.36) and tells the file of a name (3.32). A second call does nothing. */
void memory_image_watch(const struct copy *copy);

#endif
