/* refused_locks.c - unit tests of which locks of readers are taken to be held still, with a clock and a -shm that are made up. */
#include "locking/refused_locks.h"

#include "../check.h"
#include "locking/file_shim.h"
#include "locking/futex.h"

#define MILLISECOND INT64_C(1000000)

static struct file_shim shim;
static int64_t now = 1000 * MILLISECOND;
static uint32_t shm[64];

int64_t monotonic_tick(void)
{
	return now;
}

static void start(void)
{
	shim = (struct file_shim){.handoff.shm = (const char *)shm};
	now += 1000 * MILLISECOND;
}

static void test_marks(void)
{
	start();
	check(!refused_locks_has_mark(&shim, 1), "no mark was tried yet");
	refused_locks_tried(&shim, 1, false);
	check(!refused_locks_has_mark(&shim, 1), "nor had any");
	refused_locks_tried(&shim, 2, false);
	refused_locks_tried(&shim, 3, true);
	check(refused_locks_has_mark(&shim, 1) && refused_locks_has_mark(&shim, 2),
	      "those before the one that was had are refused");
	check(!refused_locks_has_mark(&shim, 3) && !refused_locks_has_mark(&shim, 4), "that one and those after it are tried");
	now += 4 * MILLISECOND;
	check(refused_locks_has_mark(&shim, 1), "so for some milliseconds");
	refused_locks_tried(&shim, 1, true);
	check(!refused_locks_has_mark(&shim, 1) && !refused_locks_has_mark(&shim, 2), "not once one before is had");
	refused_locks_tried(&shim, 1, false);
	refused_locks_tried(&shim, 3, true);
	now += 5 * MILLISECOND;
	check(!refused_locks_has_mark(&shim, 1), "then they are tried again");
}

static void test_last_is_refused(void)
{
	start();
	refused_locks_tried(&shim, 1, false);
	refused_locks_tried(&shim, 2, true);
	refused_locks_tried(&shim, 2, false);
	check(!refused_locks_has_mark(&shim, 1), "where the last one is taken by now all are tried");
}

static void test_checkpoint(void)
{
	start();
	shm[4] = 5000;
	shm[24] = 100;
	check(!refused_locks_has_checkpoint(&shim, now), "no checkpoint ran yet");
	refused_locks_checkpoint_begun(&shim);
	refused_locks_checkpoint_ended(&shim, now);
	check(refused_locks_has_checkpoint(&shim, now + 4 * MILLISECOND), "one that copied nothing is not repeated at once");
	check(!refused_locks_has_checkpoint(&shim, now + 5 * MILLISECOND), "but some milliseconds later");
	shm[24] = 200;
	check(!refused_locks_has_checkpoint(&shim, now), "or where another has copied something since");
	refused_locks_checkpoint_begun(&shim);
	shm[24] = 300;
	refused_locks_checkpoint_ended(&shim, now);
	check(!refused_locks_has_checkpoint(&shim, now), "one that copied something is");
	shm[24] = 5000;
	refused_locks_checkpoint_begun(&shim);
	refused_locks_checkpoint_ended(&shim, now);
	check(!refused_locks_has_checkpoint(&shim, now), "and where nothing is left nobody was in the way");
}

int main(void)
{
	test_marks();
	test_last_is_refused();
	test_checkpoint();
	return check_end();
}
