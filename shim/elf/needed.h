/* needed.h - finds whether an ELF file is linked to libsqlite3 or has a SQLite embedded. Reads the file's bytes, which may be
 * anything. Pure. */
#ifndef SQLPROD_ELF_NEEDED_H
#define SQLPROD_ELF_NEEDED_H

#include <stdbool.h>
#include <stddef.h>

/* Is one of its DT_NEEDED entries libsqlite3.so, of any version? False if it is damaged or is no ELF file of this process's
 * class. */
bool needed_has_sqlite(const unsigned char *bytes, size_t size);

/* Does it hold two strings that every SQLite has, and no other library both of? */
bool needed_carries_sqlite(const unsigned char *bytes, size_t size);

#endif
