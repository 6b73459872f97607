/* stopped_clock.c - a library to preload, with which CLOCK_MONOTONIC stands still, and years ahead: as with libfaketime, by an
 * absolute time. Waits take as long as ever. */
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define YEARS 100000000

int clock_gettime(clockid_t clock, struct timespec *time)
{
	static _Atomic time_t first;
	time_t none = 0;
	int rc = (int)syscall(SYS_clock_gettime, clock, time);

	if (rc == 0 && clock == CLOCK_MONOTONIC) {
		atomic_compare_exchange_strong(&first, &none, time->tv_sec + YEARS);
		*time = (struct timespec){.tv_sec = atomic_load(&first)};
	}
	return rc;
}
