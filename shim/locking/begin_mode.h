/* begin_mode.h - has this process shown, for a database, that it begins transactions without meaning to write?
 *
 * Until then SQLPROD_BEGIN=auto makes a plain BEGIN immediate; from then on it is left plain, and reserves at its first read. In a
 * table of fixed size without locks: two databases that fall on one place share what is known. */
#ifndef SQLPROD_LOCKING_BEGIN_MODE_H
#define SQLPROD_LOCKING_BEGIN_MODE_H

#include <stdatomic.h>
#include <stdbool.h>

/* The database's place in the table; never NULL. path is absolute; "" is a place like any other. */
atomic_bool *begin_mode_find(const char *path);

/* The process has shown it, in the way that `how` says. Logs this the first time, with the path. */
void begin_mode_reserve(atomic_bool *mode, const char *path, const char *how);

static inline bool begin_mode_reserves(const atomic_bool *mode)
{
	return atomic_load_explicit(mode, memory_order_relaxed);
}

#endif
