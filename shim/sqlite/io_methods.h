/* io_methods.h - copies of SQLite's tables of file methods, in which some are then replaced. */
#ifndef SQLPROD_SQLITE_IO_METHODS_H
#define SQLPROD_SQLITE_IO_METHODS_H

#include <sqlite3.h>
#include <stddef.h>
#include <string.h>

/* A table of version 1 ends before xShmMap, one of version 2 before xFetch; the copy says at most 3, and what lies behind its end
 * is left as it was. */
static inline void io_methods_copy(sqlite3_io_methods *to, const sqlite3_io_methods *from)
{
	memcpy(to, from,
	       from->iVersion < 2    ? offsetof(sqlite3_io_methods, xShmMap)
	       : from->iVersion == 2 ? offsetof(sqlite3_io_methods, xFetch)
				     : sizeof(*from));
	if (to->iVersion > 3)
		to->iVersion = 3;
}

#endif
