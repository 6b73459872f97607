/* begin_crowd.c - a mean that moves, of the last looks at the write lock. */
#include "locking/begin_crowd.h"

#include "base/log.h"
#include "locking/begin_mode.h"
#include "locking/file_shim.h"
#include "locking/lock_owner.h"

/* So many looks in the time that a reservation lasts, and each counts for one of so many. */
#define LOOKS 8
#define MEMORY 16

/* Nearly all find it in use, from the 38th in a row on; most find it free. */
#define ALL 65536u
#define ENTER (ALL / 100 * 91)
#define LEAVE (ALL / 4)

static uint32_t move(uint32_t mean, bool in_use)
{
	return mean - mean / MEMORY + (in_use ? ALL / MEMORY : 0);
}

static void look(struct file_shim *shim, struct begin_crowd *crowd)
{
	static atomic_bool said;
	uint32_t mean = move(atomic_load_explicit(&crowd->in_use, memory_order_relaxed),
			     shim->shared_write.has_begun || lock_owner_exists(&shim->files));

	atomic_store_explicit(&crowd->in_use, mean, memory_order_relaxed);
	if (mean < LEAVE)
		atomic_store_explicit(&crowd->is_crowded, false, memory_order_relaxed);
	if (mean <= ENTER || atomic_exchange_explicit(&crowd->is_crowded, true, memory_order_relaxed) ||
	    atomic_exchange_explicit(&said, true, memory_order_relaxed))
		return;
	log_write(
		LOG_INFO,
		"%s: the write lock was in use at nearly every BEGIN: as long as that goes on, BEGIN leaves it to programs without "
		"the library until its transaction reads. SQLPROD_BEGIN=immediate makes each BEGIN take the write lock",
		shim->files.path ? shim->files.path : "");
}

void begin_crowd_look(struct file_shim *shim, int64_t now)
{
	struct begin_crowd *crowd = &shim->begin_mode->crowd;
	int64_t due = atomic_load_explicit(&crowd->look_due, memory_order_relaxed);

	if (now >= due && shared_write_is_possible(shim) &&
	    atomic_compare_exchange_strong(&crowd->look_due, &due, now + reservation_length() / LOOKS))
		look(shim, crowd);
}
