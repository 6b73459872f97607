/* hook_dlclose.c - the hook of dlclose(): the object that it unloads may hold a SQLite with connections that are open (unloaded.h).
 * Who opens such a database later finds all its rows in the file.
 *
 * A process without SQLite pays for one look at memory. */
#include "base/guard.h"
#include "connection/registry.h"
#include "embedded/real.h"
#include "locking/idle_wal.h"
#include "policy/checkpoints.h"
#include "policy/unloaded.h"

#include <dlfcn.h>

/* Before glibc 2.34 a program may have no dlclose() but ours. */
static int no_dlclose(void *handle)
{
	(void)handle;
	return -1;
}

static __attribute__((noinline)) int close_watched(__typeof__(&dlclose) original, void *handle)
{
	struct unloaded unloaded;
	int rc;

	idle_wal_exclude();
	checkpoint_all();
	unloaded_before(&unloaded);
	rc = original(handle);
	unloaded_after(&unloaded);
	idle_wal_allow();
	return rc;
}

HOOK int dlclose(void *handle)
{
	__typeof__(&dlclose) original = REAL(dlclose, no_dlclose);

	return registry_newest() ? close_watched(original, handle) : original(handle);
}
