/* begin_mode.c - the table. */
#include "locking/begin_mode.h"

#include "base/log.h"

#include <stdint.h>

#define DATABASES 4096

static struct begin_mode modes[DATABASES];

struct begin_mode *begin_mode_find(const char *path)
{
	uint32_t hash = 2166136261u;

	for (; *path; path++)
		hash = (hash ^ (unsigned char)*path) * 16777619u;
	return &modes[(hash ^ hash >> 16) % DATABASES];
}

void begin_mode_reserve(struct begin_mode *mode, const char *path, const char *how)
{
	if (!atomic_exchange_explicit(&mode->reserves, true, memory_order_relaxed))
		log_write(LOG_INFO,
			  "%s: %s: from now on BEGIN takes no lock, and a transaction reserves the database at its first read. "
			  "SQLPROD_BEGIN=immediate makes each BEGIN take the write lock",
			  path, how);
}
