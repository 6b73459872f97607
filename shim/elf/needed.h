/* needed.h - is an ELF file linked to libsqlite3, or does it carry a SQLite inside? Reads the file's bytes only, whatever they are.
 * Pure. */
#ifndef SQLPROD_ELF_NEEDED_H
#define SQLPROD_ELF_NEEDED_H

#include <stdbool.h>
#include <stddef.h>

/* Is one of its DT_NEEDED entries libsqlite3.so, of any version? False for what is no ELF file of this process's class, or is
 * damaged. */
bool needed_has_sqlite(const unsigned char *bytes, size_t size);

/* Does it hold two strings that every SQLite has, and nothing else both of? */
bool needed_carries_sqlite(const unsigned char *bytes, size_t size);

#endif
