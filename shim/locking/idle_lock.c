/* idle_lock.c - who has the shared write lock, its connection or a thread that gives it back. */
#include "locking/idle_lock.h"

#include "locking/file_shim.h"
#include "locking/futex.h"

#define MILLISECOND INT64_C(1000000)

/* A fork waits so long for a lock that is being given back: the thread that does it may wait for one that a signal handler which
 * forks has interrupted. */
#define FORK_WAIT (20 * MILLISECOND)
#define FORK_POLL (MILLISECOND / 20)

_Atomic int64_t idle_lock_earliest = IDLE_LOCK_NEVER;

static atomic_uint givers; /* threads that give a lock back */
static atomic_uint forks;  /* under way */

static void set(struct idle_lock *lock, enum idle_lock_state state)
{
	atomic_store(&lock->state, (uint32_t)state);
	futex_wake_all(&lock->state);
}

static const char *path_of(const struct file_shim *shim)
{
	return shim->files.path ? shim->files.path : "";
}

static void learn(const struct idle_lock *lock, const char *path)
{
	struct begin_kind *kind = atomic_load_explicit(&lock->kind, memory_order_relaxed);

	if (kind)
		begin_kind_learn(kind, atomic_load_explicit(&lock->has_read, memory_order_relaxed), path);
}

static void lower_earliest(int64_t due)
{
	int64_t earliest = atomic_load(&idle_lock_earliest);

	while (due < earliest && !atomic_compare_exchange_weak(&idle_lock_earliest, &earliest, due))
		;
}

bool idle_lock_take_left(struct file_shim *shim, int64_t now)
{
	struct idle_lock *lock = &shim->idle_lock;
	uint32_t state = IDLE_LOCK_LEFT;

	while (!atomic_compare_exchange_strong(&lock->state, &state, IDLE_LOCK_KEPT)) {
		if (state == IDLE_LOCK_KEPT)
			return true;
		if (state == IDLE_LOCK_GIVEN) {
			atomic_store(&lock->state, (uint32_t)IDLE_LOCK_KEPT);
			return false;
		}
		if (state == IDLE_LOCK_GIVING)
			futex_wait_while(&lock->state, IDLE_LOCK_GIVING, monotonic_now() + FORK_WAIT);
		state = IDLE_LOCK_LEFT;
	}
	if (now >= atomic_load_explicit(&lock->due, memory_order_relaxed))
		learn(lock, path_of(shim));
	return true;
}

void idle_lock_leave(struct idle_lock *lock)
{
	atomic_store(&lock->state, (uint32_t)IDLE_LOCK_LEFT);
	lower_earliest(atomic_load_explicit(&lock->due, memory_order_relaxed));
}

/* It is in GIVING, so that nobody else uses the connection's locks. */
static bool give_back_now(struct file_shim *shim, int64_t now)
{
	struct idle_lock *lock = &shim->idle_lock;

	/* its connection was there in between */
	if (atomic_load(&lock->due) > now)
		return false;
	if (!shared_write_give_back(shim)) {
		atomic_store(&lock->due, IDLE_LOCK_NEVER);
		return false;
	}
	learn(lock, path_of(shim));
	return true;
}

static void give_back(struct file_shim *shim, int64_t now)
{
	struct idle_lock *lock = &shim->idle_lock;
	uint32_t left = IDLE_LOCK_LEFT;

	atomic_fetch_add(&givers, 1);
	if (atomic_load(&forks) == 0 && atomic_compare_exchange_strong(&lock->state, &left, IDLE_LOCK_GIVING))
		set(lock, give_back_now(shim, now) ? IDLE_LOCK_GIVEN : IDLE_LOCK_LEFT);
	atomic_fetch_sub(&givers, 1);
}

struct search {
	int64_t now, next;
	bool is_thread; /* that is the library's own */
};

static void look(struct file_shim *shim, void *argument)
{
	struct search *search = argument;
	struct idle_lock *lock = &shim->idle_lock;
	int64_t due;

	if (atomic_load(&lock->state) != IDLE_LOCK_LEFT ||
	    (search->is_thread && !atomic_load_explicit(&lock->is_for_any_thread, memory_order_relaxed)))
		return;
	if (atomic_load(&lock->due) <= search->now)
		give_back(shim, search->now);
	due = atomic_load(&lock->due);
	if (atomic_load(&lock->state) == IDLE_LOCK_LEFT && due < search->next)
		search->next = due;
}

static int64_t give_back_all(int64_t now, bool is_thread)
{
	struct search search = {.now = now, .next = IDLE_LOCK_NEVER, .is_thread = is_thread};

	/* one that is left from now on lowers it */
	atomic_store(&idle_lock_earliest, IDLE_LOCK_NEVER);
	file_shim_each(look, &search);
	lower_earliest(search.next);
	return search.next;
}

int64_t idle_lock_give_back_due(int64_t now)
{
	return give_back_all(now, false);
}

int64_t idle_lock_give_back_due_from_thread(int64_t now)
{
	return give_back_all(now, true);
}

void idle_lock_before_fork(void)
{
	int64_t now = monotonic_now(), end = now + FORK_WAIT;

	atomic_fetch_add(&forks, 1);
	for (; atomic_load(&givers) != 0 && now < end; now = monotonic_now())
		monotonic_sleep(now + FORK_POLL);
}

void idle_lock_after_fork(void)
{
	if (atomic_load(&forks) > 0)
		atomic_fetch_sub(&forks, 1);
}

static void keep(struct file_shim *shim, void *unused)
{
	(void)unused;
	atomic_store(&shim->idle_lock.state, (uint32_t)IDLE_LOCK_KEPT);
}

/* What SQLite believes of the lock is mended by shared_write.c. */
void idle_lock_forked(void)
{
	file_shim_each(keep, NULL);
	atomic_store(&idle_lock_earliest, IDLE_LOCK_NEVER);
	atomic_store(&givers, 0);
	atomic_store(&forks, 0);
}
