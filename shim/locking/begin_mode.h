/* begin_mode.h - has this process shown, for a database, that it begins transactions without meaning to write?
 *
 * Until then SQLPROD_BEGIN=auto makes a plain BEGIN immediate; from then on it is left plain, and reserves at its first read. In a
 * table of fixed size without locks: two databases that fall on one place share what is known. */
#ifndef SQLPROD_LOCKING_BEGIN_MODE_H
#define SQLPROD_LOCKING_BEGIN_MODE_H

#include "locking/begin_crowd.h"

#include <stdatomic.h>
#include <stdbool.h>

struct begin_mode {
	atomic_bool reserves;
	struct begin_crowd crowd;
};

/* The database's place in the table; never NULL. path is absolute; "" is a place like any other. */
struct begin_mode *begin_mode_find(const char *path);

/* The process has shown it, in the way that `how` says. Logs this the first time, with the path. */
void begin_mode_reserve(struct begin_mode *mode, const char *path, const char *how);

static inline bool begin_mode_reserves(const struct begin_mode *mode)
{
	return atomic_load_explicit(&mode->reserves, memory_order_relaxed);
}

#endif
