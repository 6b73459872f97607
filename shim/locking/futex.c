/* futex.c - futexes as a queue. */
#include "locking/futex.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* As linux/futex.h has them, which musl does not bring. */
#define FUTEX_WAIT_BITSET 9
#define FUTEX_WAKE_BITSET 10

#define SECOND INT64_C(1000000000)

/* What SYS_futex takes everywhere, whatever time_t is. */
struct kernel_time {
	long seconds, nanoseconds;
};

static atomic_bool asks_kernel;

void monotonic_ask_kernel(void)
{
	atomic_store(&asks_kernel, true);
}

static inline bool is_kernel_asked(void)
{
	return __builtin_expect(atomic_load_explicit(&asks_kernel, memory_order_relaxed), 0);
}

static int64_t read_kernel_clock(clockid_t clock)
{
	struct kernel_time now = {0};

	syscall(SYS_clock_gettime, clock, &now);
	return (int64_t)now.seconds * SECOND + now.nanoseconds;
}

static int64_t read_clock(clockid_t clock)
{
	struct timespec now;

	if (is_kernel_asked())
		return read_kernel_clock(clock);
	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * SECOND + now.tv_nsec;
}

int64_t monotonic_now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int64_t monotonic_tick(void)
{
	return read_clock(CLOCK_MONOTONIC_COARSE);
}

/* 0, or the error. */
static int wait_on(const volatile void *word, uint32_t value, uint32_t class, int64_t until)
{
	struct kernel_time end = {(long)(until / SECOND), (long)(until % SECOND)};
	int saved = errno;
	/* the bitset form takes an absolute time of CLOCK_MONOTONIC */
	long rc = syscall(SYS_futex, word, FUTEX_WAIT_BITSET, value, &end, NULL, class);
	int error = rc == 0 ? 0 : errno;

	errno = saved;
	return error;
}

bool futex_wait(const volatile void *word, uint32_t class, int64_t until)
{
	int error = wait_on(word, *(const volatile uint32_t *)word, class, until);

	if (error != 0 && error != ETIMEDOUT && error != EINTR)
		monotonic_sleep(until);
	return error == 0;
}

void futex_wait_while(const volatile void *word, uint32_t value, int64_t until)
{
	int error = wait_on(word, value, FUTEX_ANY, until);

	if (error != 0 && error != ETIMEDOUT && error != EINTR && error != EAGAIN)
		monotonic_sleep(until);
}

void futex_wake_all(const volatile void *word)
{
	int saved = errno;

	syscall(SYS_futex, word, FUTEX_WAKE_BITSET, INT_MAX, NULL, NULL, FUTEX_ANY);
	errno = saved;
}

bool futex_wake(const volatile void *word, uint32_t classes)
{
	int saved = errno;
	long woken = syscall(SYS_futex, word, FUTEX_WAKE_BITSET, 1, NULL, NULL, classes);

	errno = saved;
	return woken > 0;
}

void monotonic_sleep(int64_t until)
{
	struct timespec end = {(time_t)(until / SECOND), (long)(until % SECOND)};
	struct kernel_time kernel_end = {(long)end.tv_sec, end.tv_nsec};
	int saved = errno;

	if (is_kernel_asked())
		syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &kernel_end, NULL);
	else
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL);
	errno = saved;
}
