/* temp_store.h - where a connection keeps its temporary storage, changed without PRAGMA temp_store.
 *
 * The PRAGMA drops the TEMP tables that are there (sqlite.org/pragma.html#pragma_temp_store). SQLite reads the setting each time
 * it makes a temporary b-tree or a sorter, so to change the byte is enough for those, and what is there already stays. */
#ifndef SQLPROD_SQLITE_TEMP_STORE_H
#define SQLPROD_SQLITE_TEMP_STORE_H

#include "sqlite/sqlite.h"

/* SQLite's numbers: sqlite.org/pragma.html#pragma_temp_store */
enum { TEMP_STORE_BYTE_DEFAULT = 0, TEMP_STORE_BYTE_FILE = 1, TEMP_STORE_BYTE_MEMORY = 2 };

/* Learns, once for each copy, which byte of a connection it is: by the PRAGMA, on a connection that has no TEMP tables yet, in
 * memory mode, which it has afterwards as well. */
void temp_store_learn(const struct sqlite *sqlite, sqlite3 *db);

/* Changes the byte from one value to another. False, and nothing is changed, if the byte is not known or has another value. The
 * caller holds the connection's mutex. */
bool temp_store_switch(const struct sqlite *sqlite, sqlite3 *db, unsigned char from, unsigned char to);

#endif
