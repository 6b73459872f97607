/* holder.c - who holds a database's lock, among few and very many connections of a process. */
#include "locking/holder.h"

#include "locking/waiters.h"

#include "../check.h"

#include <pthread.h>
#include <sched.h>
#include <stddef.h>

#define MANY 100

static struct holder holders[MANY];
static const char one[1], other[1];

static void *find_elsewhere(void *unused)
{
	(void)unused;
	check(holder_find(&holders[0], one, 0) == HOLDER_IN_PROCESS, "seen from another thread it may go on");
	return NULL;
}

static void *call_elsewhere(void *holder)
{
	holder_seen(holder);
	return NULL;
}

/* Each of the first `count` holds `one`; none of them finds itself. */
static void hold(int count)
{
	int found = 0;

	for (int i = 0; i < count; i++)
		holder_set(&holders[i], one, (uint32_t)i + 1);
	for (int i = 0; i < count; i++)
		found += holder_find(NULL, one, (uint32_t)i + 1) == HOLDER_OF_THREAD &&
			 holder_find(&holders[i], one, (uint32_t)i + 1) == HOLDER_ELSEWHERE;
	check(found == count, "each of %d is found by its word, but not by itself", count);
	check(holder_find(NULL, one, MANY + 1) == HOLDER_ELSEWHERE, "nobody has that word");
	check(holder_find(NULL, other, 0) == HOLDER_ELSEWHERE, "nobody holds the other database");
}

/* From the last to the first, or the other way round. */
static void give_back(int count, bool backwards)
{
	for (int i = 0; i < count; i++)
		holder_set(&holders[backwards ? count - 1 - i : i], NULL, 0);
	check(holder_find(NULL, one, 0) == HOLDER_ELSEWHERE, "%d have given it back", count);
}

/* Two have a reservation together, or very many; calls of all but the last come from a pool's other thread by now. */
static void test_pooled_partners(int count)
{
	pthread_t thread;

	for (int i = 0; i < count; i++) {
		holder_start(&holders[i]);
		holder_seen(&holders[i]);
		holder_set(&holders[i], one, 11);
	}
	check(holder_find(&holders[MANY - 1], one, 11) == HOLDER_OF_THREAD, "%d of this thread have it", count);
	for (int i = 0; i < count - 1; i++)
		if (pthread_create(&thread, NULL, call_elsewhere, &holders[i]) == 0)
			pthread_join(thread, NULL);
	check(holder_find(&holders[MANY - 1], one, 11) == HOLDER_OF_THREAD, "of %d one is of this thread still", count);
	check(holder_find(&holders[count - 1], one, 11) == HOLDER_POOLED, "that one's partners are of a pool");
	give_back(count, false);
}

/* Calls came from several threads by now, so that a holder of this one may go on, as long as it pays to wait for that. */
static void test_roaming(void)
{
	holder_start(&holders[0]);
	holder_seen(&holders[0]);
	holder_set_lock(&holders[0], one, 9);
	for (int i = 0; i < 8; i++) {
		check(holder_find(NULL, one, 0) == HOLDER_OF_THREAD, "it did not pay, and has paid %d times since", i);
		holder_roamed(true);
	}
	check(holder_find(NULL, one, 0) == HOLDER_ROAMING, "it has paid often enough");
	for (int i = 0; i < 100; i++)
		holder_roamed(true);
	for (int i = 0; i < 2; i++)
		holder_roamed(false);
	check(holder_find(NULL, one, 0) == HOLDER_ROAMING, "twice that it did not do not count more than all before");
	holder_roamed(false);
	check(holder_find(NULL, one, 0) == HOLDER_OF_THREAD, "three times do");
	holder_set(&holders[0], NULL, 0);
}

static atomic_int step;

/* Holds `one`, and waits: for a lock of the other database, of the same one by the same connection, and of that by another one. */
static void *wait_elsewhere(void *unused)
{
	static const struct {
		const char *file;
		const struct holder *connection;
	} waits[] = {{other, &holders[1]}, {one, &holders[0]}, {one, &holders[1]}};
	struct waiter *waiter;

	(void)unused;
	holder_seen(&holders[0]);
	for (int i = 0; i < 3; i++) {
		waiter = waiters_enter(holder_thread(), (uintptr_t)waits[i].file, waits[i].connection);
		atomic_fetch_add(&step, 1);
		while (atomic_load(&step) != 2 * (i + 1))
			sched_yield();
		waiters_leave(waiter);
	}
	return NULL;
}

static void check_step(int i, enum holder_kind kind, const char *what)
{
	while (atomic_load(&step) != 2 * i + 1)
		sched_yield();
	check(holder_find(NULL, one, 0) == kind, "%s", what);
	atomic_fetch_add(&step, 1);
}

static void test_waiting_holder(void)
{
	pthread_t thread;

	holder_start(&holders[0]);
	holder_set_lock(&holders[0], one, 9);
	if (pthread_create(&thread, NULL, wait_elsewhere, NULL) != 0)
		return;
	check_step(0, HOLDER_IN_PROCESS, "its thread waits for another database");
	check_step(1, HOLDER_IN_PROCESS, "its thread waits for it to go on itself");
	check_step(2, HOLDER_POOLED, "its thread waits for the lock that it has");
	pthread_join(thread, NULL);
	check(holder_find(NULL, one, 0) == HOLDER_IN_PROCESS, "its thread waits no more");
	waiters_enter(1000, (uintptr_t)one, NULL);
	check(waiters_have(1000, (uintptr_t)one, &holders[0]), "a thread waits");
	waiters_forked();
	check(!waiters_have(1000, (uintptr_t)one, &holders[0]), "which the child has not");
	for (int i = 0; i < 2 * MANY; i++)
		waiters_leave(waiters_enter((unsigned long)i + 1, (uintptr_t)one, NULL));
	check(!waiters_have(1, (uintptr_t)one, NULL), "none waits after many waits");
	holder_set(&holders[0], NULL, 0);
}

int main(void)
{
	pthread_t thread;

	holder_roamed(false);

	for (int i = 0; i < MANY; i++) {
		holder_link(&holders[i]);
		holder_start(&holders[i]);
		holder_seen(&holders[i]);
	}
	for (int count = 1; count <= MANY; count += 3)
		for (int backwards = 0; backwards < 2; backwards++) {
			hold(count);
			give_back(count, backwards);
		}
	holder_set(&holders[1], one, 7);
	holder_set(&holders[1], other, 8);
	check(holder_find(NULL, one, 0) == HOLDER_ELSEWHERE && holder_find(NULL, other, 8) == HOLDER_OF_THREAD,
	      "it holds another one now");
	holder_set_lock(&holders[1], one, 9);
	check(holder_find(NULL, one, 0) == HOLDER_OF_THREAD && holder_find(NULL, one, 9) == HOLDER_OF_THREAD,
	      "it has the lock, and claims it");
	if (pthread_create(&thread, NULL, find_elsewhere, NULL) == 0)
		pthread_join(thread, NULL);
	for (int i = 0; i < MANY; i++)
		holder_set(&holders[i], one, i % 2 ? 9 : 8);
	holder_replace_word(&holders[1], one, 9, 10);
	check(holder_find(&holders[1], one, 9) == HOLDER_ELSEWHERE && holder_find(NULL, one, 9) == HOLDER_OF_THREAD &&
		      holder_find(NULL, one, 10) == HOLDER_OF_THREAD && holder_find(NULL, one, 8) == HOLDER_OF_THREAD,
	      "all others that have this word have another one now");
	holder_forked();
	check(holder_find(NULL, one, 9) == HOLDER_ELSEWHERE && holder_find(NULL, one, 8) == HOLDER_ELSEWHERE,
	      "a child has none of them");
	give_back(MANY, false);
	holder_set_lock(&holders[1], one, 9);
	holder_start(&holders[1]);
	check(holder_find(NULL, one, 0) == HOLDER_ELSEWHERE, "a new connection holds nothing");
	test_pooled_partners(2);
	test_pooled_partners(MANY / 2);
	test_roaming();
	test_waiting_holder();
	return check_end();
}
