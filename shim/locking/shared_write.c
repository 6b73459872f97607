/* shared_write.c - SQLite's lock alone, shared or to oneself, and the second lock. */
#include "locking/shared_write.h"

#include "base/hash.h"
#include "elf/loader.h"
#include "locking/fcntl_lock.h"
#include "locking/file_shim.h"
#include "locking/futex.h"
#include "locking/idle_watcher.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>

/* SQLite uses bytes 120 to 127, and 128 as a sign that the -shm is in use: sqlite.org/walformat.html */
#define SECOND_BYTE 129
#define WRITE_BYTE 120

#define REFUSALS 4
#define REFUSED_FOR INT64_C(5000000)

/* A lock of fcntl() belongs to the process: which of its connections has it stands here, once for each place that a -shm was ever
 * mapped at, in lists that only grow, one for each hash. */
struct second_lock {
	struct second_lock *next;
	const char *shm;
	struct file_shim *_Atomic owner;
	atomic_uint sharers; /* connections that share SQLite's lock, or are about to; OWN: the only one has it to itself */
};

#define OWN UINT_MAX

#define HASH_BITS 8
static struct second_lock *_Atomic second_locks[1 << HASH_BITS];
static atomic_uint forks;

static struct second_lock *_Atomic *list_of(const char *shm)
{
	return &second_locks[hash_place((uintptr_t)shm, HASH_BITS)];
}

static struct second_lock *find(struct second_lock *from, const struct second_lock *end, const char *shm)
{
	while (from != end && from->shm != shm)
		from = from->next;
	return from == end ? NULL : from;
}

/* No two are made for one -shm: who comes second finds the list changed. */
static __attribute__((noinline)) struct second_lock *look_up_second(struct file_shim *shim)
{
	const char *shm = shim->handoff.shm;
	struct second_lock *_Atomic *list = list_of(shm);
	struct second_lock *head, *searched = NULL, *found, *made = NULL;

	head = atomic_load(list);
	for (;;) {
		found = find(head, searched, shm);
		if (found)
			break;
		searched = head;
		if (!made)
			made = calloc(1, sizeof(*made));
		if (!made)
			return NULL;
		*made = (struct second_lock){.next = head, .shm = shm};
		if (atomic_compare_exchange_strong(list, &head, made)) {
			found = made;
			break;
		}
	}
	if (found != made)
		free(made);
	shim->shared_write.second = found;
	return found;
}

/* Of the -shm; NULL if memory is out. */
static inline struct second_lock *second_of(struct file_shim *shim)
{
	struct second_lock *known = shim->shared_write.second;

	return known && known->shm == shim->handoff.shm ? known : look_up_second(shim);
}

static bool set_lock(const struct file_shim *shim, off_t byte, short type)
{
	int saved = errno;
	bool set = fcntl_lock_set(shim->files.shm_fd, F_SETLK, type, byte, 1);

	errno = saved;
	return set;
}

static bool second_lock(struct file_shim *shim)
{
	struct second_lock *second = second_of(shim);
	struct file_shim *nobody = NULL;

	if (!second || !atomic_compare_exchange_strong(&second->owner, &nobody, shim))
		return false;
	if (set_lock(shim, SECOND_BYTE, F_WRLCK))
		return true;
	atomic_store(&second->owner, (struct file_shim *)NULL);
	return false;
}

/* Not if it is another connection's by now: this one was inherited by a fork. */
static void second_unlock(struct file_shim *shim)
{
	struct second_lock *second = second_of(shim);

	if (!second || atomic_load(&second->owner) != shim)
		return;
	set_lock(shim, SECOND_BYTE, F_UNLCK);
	atomic_store(&second->owner, (struct file_shim *)NULL);
}

static int change_shared(struct file_shim *shim, int flag)
{
	return shim->original->xShmLock(shim->file, WAL_WRITE_LOCK, 1, flag | SQLITE_SHM_SHARED);
}

/* Not beside one of this process that has the lock to itself: SQLite, which does not know of that, would grant it. */
static bool add_sharer(struct second_lock *second)
{
	unsigned sharers = atomic_load(&second->sharers);

	do {
		if (sharers == OWN)
			return false;
	} while (!atomic_compare_exchange_weak(&second->sharers, &sharers, sharers + 1));
	return true;
}

/* None is left to be counted in a forked child. */
static void remove_sharer(struct second_lock *second)
{
	unsigned sharers = atomic_load(&second->sharers);

	while (sharers != 0 && sharers != OWN && !atomic_compare_exchange_weak(&second->sharers, &sharers, sharers - 1))
		;
}

static int share(struct file_shim *shim)
{
	struct second_lock *second = second_of(shim);
	int rc;

	if (!second || !add_sharer(second))
		return SQLITE_BUSY;
	rc = change_shared(shim, SQLITE_SHM_LOCK);
	if (rc != SQLITE_OK)
		remove_sharer(second);
	return rc;
}

static int unshare(struct file_shim *shim)
{
	struct second_lock *second = second_of(shim);
	int rc = change_shared(shim, SQLITE_SHM_UNLOCK);

	if (second)
		remove_sharer(second);
	return rc;
}

static int alone(struct file_shim *shim, int flag)
{
	return shim->original->xShmLock(shim->file, WAL_WRITE_LOCK, 1, flag | SQLITE_SHM_EXCLUSIVE);
}

/* What the parent shared, the VFS believes to be held in the child too, and would not ask the kernel for. */
static bool drop_inherited(struct file_shim *other, void *argument)
{
	struct shared_write *write = &other->shared_write;
	const struct file_shim *shim = argument;

	if (other->handoff.shm != shim->handoff.shm || write->forks == atomic_load(&forks))
		return true;
	write->forks = atomic_load(&forks);
	if (write->has_begun || write->hold == WRITE_SHARED)
		unshare(other);
	if (write->hold == WRITE_SHARED || write->hold == WRITE_OWN)
		write->hold = WRITE_NONE;
	write->has_begun = false;
	return true;
}

static void look_for_fork(struct file_shim *shim)
{
	unsigned now = atomic_load_explicit(&forks, memory_order_relaxed);

	if (shim->shared_write.forks == now)
		return;
	wal_files_each(drop_inherited, shim);
	shim->shared_write.forks = now;
}

int shared_write_lock(struct file_shim *shim)
{
	struct shared_write *write = &shim->shared_write;
	int rc;

	look_for_fork(shim);
	if (!write->has_begun) {
		rc = alone(shim, SQLITE_SHM_LOCK);
		if (rc == SQLITE_OK)
			write->hold = WRITE_ALONE;
		if (rc != SQLITE_BUSY || !shared_write_is_possible(shim))
			return rc;
		rc = share(shim);
		if (rc != SQLITE_OK)
			return rc;
	}
	if (second_lock(shim)) {
		write->hold = WRITE_SHARED;
		return SQLITE_OK;
	}
	if (!write->has_begun)
		unshare(shim);
	return SQLITE_BUSY;
}

/* Do others share the lock, as they have for a while? Each try would be a system call more. */
static bool is_shared_on(const struct shared_write *write)
{
	return write->own_refused == REFUSALS && monotonic_tick() - write->own_refused_at < REFUSED_FOR;
}

bool shared_write_lock_own(struct file_shim *shim)
{
	struct shared_write *write = &shim->shared_write;
	struct second_lock *second;
	unsigned only = 1;

	look_for_fork(shim);
	if (!write->has_begun || write->hold != WRITE_NONE || is_shared_on(write))
		return false;
	second = second_of(shim);
	if (!second || !atomic_compare_exchange_strong(&second->sharers, &only, OWN))
		return false;
	if (set_lock(shim, WRITE_BYTE, F_WRLCK)) {
		write->hold = WRITE_OWN;
		write->own_refused = 0;
		return true;
	}
	atomic_store(&second->sharers, 1);
	write->own_refused = write->own_refused < REFUSALS ? write->own_refused + 1 : REFUSALS;
	write->own_refused_at = monotonic_tick();
	return false;
}

/* With what it shared before: SQLite gives back the one lock that it knows of, and the kernel knows of no other. */
static int unlock_own(struct file_shim *shim)
{
	int rc = change_shared(shim, SQLITE_SHM_UNLOCK);

	shim->shared_write.has_begun = false;
	atomic_store(&second_of(shim)->sharers, 0);
	return rc;
}

int shared_write_unlock(struct file_shim *shim)
{
	struct shared_write *write = &shim->shared_write;
	enum write_hold hold = write->hold;

	look_for_fork(shim);
	write->hold = WRITE_NONE;
	if (hold == WRITE_ALONE)
		return alone(shim, SQLITE_SHM_UNLOCK);
	if (hold == WRITE_NONE)
		return SQLITE_OK;
	if (hold == WRITE_OWN)
		return unlock_own(shim);
	second_unlock(shim);
	return write->has_begun ? SQLITE_OK : unshare(shim);
}

bool shared_write_is_possible(const struct file_shim *shim)
{
	return shim->handoff.shm && shim->files.shm_fd >= 0;
}

void shared_write_begin(struct file_shim *shim, int64_t due, bool has_read)
{
	struct shared_write *write = &shim->shared_write;

	shared_write_enter(shim);
	look_for_fork(shim);
	if (!write->has_begun && write->hold == WRITE_NONE && shared_write_is_possible(shim))
		write->has_begun = share(shim) == SQLITE_OK;
	atomic_store_explicit(&shim->idle_lock.due, due, memory_order_relaxed);
	atomic_store_explicit(&shim->idle_lock.has_read, has_read, memory_order_relaxed);
	shared_write_leave(shim);
}

void shared_write_end(struct file_shim *shim)
{
	struct shared_write *write = &shim->shared_write;

	shared_write_enter(shim);
	look_for_fork(shim);
	if (write->has_begun && write->hold == WRITE_NONE)
		unshare(shim);
	write->has_begun = false;
	shared_write_leave(shim);
}

/* When a lock of any connection is due that this call may have to give back: without a watcher each does, but of one that writes,
 * which keeps out whomever those locks keep out. */
static int64_t earliest_due(const struct file_shim *shim)
{
	if (shim->shared_write.hold != WRITE_NONE || atomic_load_explicit(&idle_watcher_lives, memory_order_relaxed))
		return IDLE_LOCK_NEVER;
	return atomic_load_explicit(&idle_lock_earliest, memory_order_relaxed);
}

void shared_write_enter(struct file_shim *shim)
{
	int64_t earliest, now;
	bool was_left;

	if (shim->shared_write.calls++ > 0)
		return;
	if (shim->shared_write.goes_on) {
		shim->shared_write.goes_on = false;
		return;
	}
	was_left = idle_lock_is_left(&shim->idle_lock);
	earliest = earliest_due(shim);
	if (!was_left && earliest == IDLE_LOCK_NEVER)
		return;
	now = monotonic_tick();
	if (was_left && !idle_lock_take_left(shim, now))
		shim->shared_write.has_begun = false;
	if (now >= earliest)
		idle_lock_give_back_due(now);
}

void shared_write_leave(struct file_shim *shim)
{
	struct shared_write *write = &shim->shared_write;

	if (--write->calls > 0 || !write->has_begun || write->hold != WRITE_NONE)
		return;
	idle_lock_leave(&shim->idle_lock);
	if (atomic_load_explicit(&shim->idle_lock.is_for_any_thread, memory_order_relaxed))
		idle_watcher_need();
}

void shared_write_go_on(struct file_shim *shim)
{
	struct shared_write *write = &shim->shared_write;

	write->goes_on = --write->calls == 0;
}

/* The object that SQLite lies in may be gone, and the connection left as it was. */
bool shared_write_give_back(struct file_shim *shim)
{
	return loader_is_still(&shim->sqlite->loaded, shim->original) && unshare(shim) == SQLITE_OK;
}

void shared_write_forget(struct file_shim *shim)
{
	if (shim->shared_write.hold != WRITE_NONE)
		shared_write_unlock(shim);
	shared_write_end(shim);
	shim->shared_write.second = NULL;
}

void shared_write_forked(void)
{
	atomic_fetch_add(&forks, 1);
	for (size_t i = 0; i < sizeof(second_locks) / sizeof(second_locks[0]); i++)
		for (struct second_lock *second = atomic_load(&second_locks[i]); second; second = second->next) {
			atomic_store(&second->owner, (struct file_shim *)NULL);
			atomic_store(&second->sharers, 0);
		}
}
