/* idle_wal.c - a list of the databases that this process has committed to, and who may copy. */
#include "locking/idle_wal.h"

#include "locking/file_shim.h"
#include "locking/futex.h"
#include "locking/open_databases.h"

#include <stddef.h>
#include <stdlib.h>

/* So many times a copy is tried again that readers hinder, each time after twice as long: for some two minutes. */
#define TRIES 10

/* How long one is waited for that copies: a disk may need seconds. */
#define LONGEST_COPY (5 * INT64_C(1000000000))

static const struct idle_file *(*_Atomic decides)(struct file_shim *, const struct idle_file *, bool);
static void (*_Atomic needs)(void);

static struct open_database *_Atomic first;

static _Atomic uint32_t copies; /* 1: somebody does */
/* … or this thread decides. A signal handler that comes in between, and forks, cannot wait for that. */
static _Thread_local bool decides_here;
static atomic_uint excluders;

void idle_wal_serve(const struct idle_file *(*decide)(struct file_shim *shim, const struct idle_file *known, bool look_holds),
		    void (*need)(void))
{
	atomic_store(&needs, need);
	atomic_store(&decides, decide);
}

static void link_database(struct open_database *database)
{
	struct open_database *next = atomic_load(&first);

	if (atomic_exchange(&database->idle.linked, true))
		return;
	do
		atomic_store(&database->idle.next, next);
	while (!atomic_compare_exchange_weak(&first, &next, database));
}

unsigned idle_wal_count(struct file_shim *shim)
{
	struct open_database *database = shim->files.database;

	if (database && atomic_load_explicit(&database->idle.copied, memory_order_relaxed))
		shim->count.idle_checkpoints += atomic_exchange(&database->idle.copied, 0);
	return shim->count.idle_checkpoints;
}

static bool take_copies(void)
{
	uint32_t none = 0;

	return atomic_compare_exchange_strong(&copies, &none, 1);
}

static bool begin_copy(void)
{
	if (!take_copies())
		return false;
	if (atomic_load(&excluders) == 0)
		return true;
	atomic_store(&copies, 0);
	futex_wake_all(&copies);
	return false;
}

static void end_copy(void)
{
	atomic_store(&copies, 0);
	if (atomic_load(&excluders) > 0)
		futex_wake_all(&copies);
}

/* alone: nobody copies. Else what is copied may be in use, and stays as it is: if it is another by now nothing is copied
 * (idle_copy.c), until the next commit. */
static bool decide_beside(struct file_shim *shim, bool alone)
{
	const struct idle_file *(*decides_now)(struct file_shim *, const struct idle_file *, bool) = atomic_load(&decides);
	struct idle_wal *wal = &shim->files.database->idle;
	int64_t now = monotonic_tick();
	bool holds = idle_wal_look_holds(atomic_load(&wal->looked), now);
	const struct idle_file *known = atomic_load(&wal->file);
	const struct idle_file *file = decides_now ? decides_now(shim, alone ? known : NULL, holds) : NULL;

	if (!file || !holds)
		atomic_store(&wal->looked, file ? now : 0);
	if (!alone) {
		free((void *)(uintptr_t)file);
		return file && known;
	}
	if (file && file != known) {
		atomic_store(&wal->file, file);
		free((void *)(uintptr_t)known);
	}
	return file != NULL;
}

/* Is the database to be copied? */
static bool decide(struct file_shim *shim)
{
	bool alone, wanted;

	decides_here = true;
	alone = take_copies();
	decides_here = alone;
	wanted = decide_beside(shim, alone);
	if (alone)
		end_copy();
	decides_here = false;
	return wanted;
}

void idle_wal_note(struct file_shim *shim)
{
	void (*need)(void) = atomic_load(&needs);

	idle_wal_count(shim);
	if (!decide(shim))
		return;
	atomic_store(&shim->files.database->idle.committed, true);
	link_database(shim->files.database);
	need();
}

static void await_copy(void)
{
	int64_t now, end;

	if (!atomic_load(&copies) || decides_here)
		return;
	now = monotonic_now();
	for (end = now + LONGEST_COPY; atomic_load(&copies) && now < end; now = monotonic_now())
		futex_wait_while(&copies, 1, end);
}

/* A forked child may end what its parent began. */
static void subtract(atomic_uint *count)
{
	unsigned n = atomic_load(count);

	while (n > 0 && !atomic_compare_exchange_weak(count, &n, n - 1))
		;
}

void idle_wal_exclude(void)
{
	atomic_fetch_add(&excluders, 1);
	await_copy();
}

void idle_wal_allow(void)
{
	subtract(&excluders);
}

void idle_wal_exclude_file(struct idle_wal *wal)
{
	atomic_fetch_add(&wal->excluders, 1);
	await_copy();
}

void idle_wal_allow_file(struct idle_wal *wal)
{
	subtract(&wal->excluders);
}

void idle_wal_forked(void)
{
	decides_here = false;
	atomic_store(&copies, 0);
	atomic_store(&excluders, 0);
	for (struct open_database *database = atomic_load(&first); database; database = atomic_load(&database->idle.next))
		atomic_store(&database->idle.excluders, 0);
	idle_wal_forget();
}

void idle_wal_forget(void)
{
	for (struct open_database *database = atomic_load(&first); database; database = atomic_load(&database->idle.next))
		idle_wal_begin(&database->idle);
}

static void note_outcome(struct idle_wal *wal, enum idle_outcome outcome)
{
	unsigned tries = outcome == IDLE_HINDERED ? atomic_fetch_add(&wal->tries, 1) : TRIES;

	if (outcome == IDLE_COPIED)
		atomic_fetch_add(&wal->copied, 1);
	atomic_store(&wal->due, tries < TRIES ? monotonic_now() + (IDLE_WAL_REST << tries) : IDLE_WAL_NEVER);
}

/* The commits that were noted are looked at: the -wal has not come to rest yet. */
static void see_commits(struct idle_wal *wal, int64_t now)
{
	if (!atomic_load(&wal->committed) || !atomic_exchange(&wal->committed, false))
		return;
	atomic_store(&wal->tries, 0);
	atomic_store(&wal->due, now + IDLE_WAL_REST);
}

int64_t idle_wal_next(int64_t now)
{
	int64_t next = IDLE_WAL_NEVER;

	for (struct open_database *database = atomic_load(&first); database; database = atomic_load(&database->idle.next)) {
		int64_t due;

		see_commits(&database->idle, now);
		due = atomic_load(&database->idle.due);
		next = due < next ? due : next;
	}
	return next;
}

int64_t idle_wal_look(int64_t now, enum idle_outcome (*copy)(const struct open_database *database, const struct idle_file *file))
{
	int64_t next = idle_wal_next(now);

	if (next > now)
		return next;
	if (!begin_copy())
		return now + IDLE_WAL_REST;
	for (struct open_database *database = atomic_load(&first); database; database = atomic_load(&database->idle.next))
		if (atomic_load(&database->idle.due) <= now)
			note_outcome(&database->idle, atomic_load(&database->idle.excluders)
							      ? IDLE_HINDERED
							      : copy(database, atomic_load(&database->idle.file)));
	end_copy();
	return idle_wal_next(monotonic_now());
}
