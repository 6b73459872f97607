/* futex.h - a queue of waiters that the kernel keeps (futex(2)), on a word of memory that processes share.
 *
 * Nothing is written to the word, so there is nothing that a waiter could leave behind: one that is killed, times out or forks is
 * the kernel's business. Waiters of one class are woken in the order in which they came. A wake that comes just before the wait is
 * missed, and one that hits a stopped process is lost: every wait must have an end. */
#ifndef SQLPROD_LOCKING_FUTEX_H
#define SQLPROD_LOCKING_FUTEX_H

#include <stdbool.h>
#include <stdint.h>

/* Classes are bits; a waiter waits in one, a wake may name several. */
#define FUTEX_BIT(n) (UINT32_C(1) << (n))
#define FUTEX_ANY UINT32_MAX

/* CLOCK_MONOTONIC in nanoseconds. */
int64_t monotonic_now(void);

/* The same for a quarter of the price, but late: by a tick of the kernel's, 10 ms at most. */
int64_t monotonic_tick(void);

/* From now on the clock is read, and slept by, with system calls: where a library changes what clock_gettime(2) says, as
 * libfaketime does, a wait by the kernel's clock would never end. */
void monotonic_ask_kernel(void);

/* Sleeps until it is woken (true), until the clock shows `until`, or until a signal comes. Where the word cannot be waited on, it
 * sleeps all the same. Keeps errno. */
bool futex_wait(const volatile void *word, uint32_t class, int64_t until);

/* The same, on a word of this process that is written: returns at once if it is not `value` any more. Whoever changes it calls
 * futex_wake_all(). */
void futex_wait_while(const volatile void *word, uint32_t value, int64_t until);
void futex_wake_all(const volatile void *word);

/* Wakes at most one waiter of these classes. True if there was one. Keeps errno. */
bool futex_wake(const volatile void *word, uint32_t classes);

/* Sleeps until the clock shows `until`, or until a signal comes. Keeps errno. */
void monotonic_sleep(int64_t until);

/* Of two times of the clock, or of two lengths of time. */
static inline int64_t monotonic_earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static inline int64_t monotonic_later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

#endif
