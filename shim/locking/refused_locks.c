/* refused_locks.c - the times of the last refusals. */
#include "locking/refused_locks.h"

#include "locking/file_shim.h"
#include "locking/futex.h"

#define FRESH (5 * INT64_C(1000000))

static bool is_fresh(int64_t since, int64_t now)
{
	return since && now - since < FRESH;
}

bool refused_locks_has_mark(const struct file_shim *shim, unsigned mark)
{
	const struct refused_locks *refused = &shim->refused_locks;

	return mark < refused->had && refused->marks[mark] && is_fresh(refused->marks[mark], monotonic_tick());
}

void refused_locks_tried(struct file_shim *shim, unsigned mark, bool had)
{
	struct refused_locks *refused = &shim->refused_locks;

	refused->marks[mark] = had ? 0 : monotonic_tick();
	/* a mark that is refused now leads on to those after it, which are to be tried in earnest then */
	if (had)
		refused->had = mark;
	else if (mark >= refused->had)
		refused->had = 0;
}

bool refused_locks_has_checkpoint(const struct file_shim *shim, int64_t now)
{
	const struct refused_locks *refused = &shim->refused_locks;

	return is_fresh(refused->copied_nothing, now) && wal_index_backfilled(shim->handoff.shm) == refused->backfilled;
}

void refused_locks_checkpoint_begun(struct file_shim *shim)
{
	shim->refused_locks.backfilled = wal_index_backfilled(shim->handoff.shm);
}

void refused_locks_checkpoint_ended(struct file_shim *shim, int64_t now)
{
	struct refused_locks *refused = &shim->refused_locks;
	uint32_t copied = wal_index_backfilled(shim->handoff.shm);

	refused->copied_nothing = copied == refused->backfilled && copied < wal_index_frames(shim->handoff.shm) ? now : 0;
}
