/* path_look.c - what a file's time of change says of its name. */
#include "locking/path_look.h"

#include "locking/futex.h"

#include <stdatomic.h>

#define MILLISECOND INT64_C(1000000)

static atomic_uint moves;

void path_look_moved(void)
{
	atomic_fetch_add(&moves, 1);
}

struct path_look_time path_look_time(void)
{
	struct path_look_time time = {.now = monotonic_now(), .moves = atomic_load(&moves)};

	clock_gettime(CLOCK_REALTIME_COARSE, &time.tick);
	return time;
}

/* ext3, and ext4 with small inodes, have no fractions of a second. */
static bool is_before(const struct timespec *changed, const struct timespec *tick)
{
	return changed->tv_sec < tick->tv_sec ||
	       (changed->tv_sec == tick->tv_sec && changed->tv_nsec != 0 && changed->tv_nsec < tick->tv_nsec);
}

void path_look_note(struct path_look *look, const struct path_look_time *time, const struct stat *status)
{
	look->until = look->has_ctime && is_before(&status->st_ctim, &time->tick) ? time->now + MILLISECOND : 0;
	look->moves = time->moves;
	look->changed = status->st_ctim;
	look->links = status->st_nlink;
}

bool path_look_may_hold(const struct path_look *look, int64_t now)
{
	return now < look->until && look->moves == atomic_load(&moves);
}

bool path_look_holds(const struct path_look *look, const struct stat *status)
{
	return status->st_ctim.tv_sec == look->changed.tv_sec && status->st_ctim.tv_nsec == look->changed.tv_nsec &&
	       status->st_nlink == look->links;
}
