/* wait_times.c - counts waits by their length. */
#include "locking/wait_times.h"

#define MILLISECOND INT64_C(1000000)

static void count_last(struct wait_times *times)
{
	int class = 0;

	if (!times->lasts)
		return;
	while (class < WAIT_CLASSES - 1 && times->last > MILLISECOND << class)
		class ++;
	times->count[class]++;
	if (times->longest < times->last)
		times->longest = times->last;
	times->lasts = false;
}

void wait_times_polled(struct wait_times *times, int64_t waited, bool is_new)
{
	if (is_new)
		count_last(times);
	times->lasts = true;
	times->last = waited;
}

void wait_times_add(const struct wait_times *times, struct wait_times *sum)
{
	struct wait_times all = *times;

	count_last(&all);
	for (int i = 0; i < WAIT_CLASSES; i++)
		sum->count[i] += all.count[i];
	if (sum->longest < all.longest)
		sum->longest = all.longest;
}
