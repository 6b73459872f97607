/* reset_guard.c - compares the WAL's salt before and after. */
#include "locking/reset_guard.h"

#include <string.h>

/* In the -shm: eight bytes, which change each time the WAL is started anew. Source: sqlite.org/walformat.html */
#define SALT 32

static uint64_t salt_of(const char *shm)
{
	uint64_t salt = 0;

	if (shm)
		memcpy(&salt, shm + SALT, sizeof(salt));
	return salt;
}

void reset_guard_checkpoint_lock(struct reset_guard *guard, const char *shm, bool has_lock)
{
	guard->checkpoints = has_lock;
	if (has_lock)
		guard->salt = salt_of(shm);
}

void reset_guard_write_lock(struct reset_guard *guard, const char *shm)
{
	if (guard->checkpoints)
		guard->salt = salt_of(shm);
}

bool reset_guard_refuses(const struct reset_guard *guard, const char *shm)
{
	return guard->checkpoints && salt_of(shm) != guard->salt;
}
