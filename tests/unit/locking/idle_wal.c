/* idle_wal.c - when a -wal is due to be copied, and who may copy. */
#include "locking/idle_wal.h"

#include "../check.h"
#include "locking/file_shim.h"
#include "locking/futex.h"
#include "locking/open_databases.h"

#include <pthread.h>
#include <stdlib.h>

static bool is_wanted, is_moved, held, forks;
static unsigned needed, copied;
static enum idle_outcome outcome;
static struct open_database one, other;
static struct file_shim shim, other_shim;

static const struct idle_file *decide(struct file_shim *asked, const struct idle_file *known, bool look_holds)
{
	(void)asked;
	held = look_holds;
	if (forks) {
		idle_wal_exclude();
		idle_wal_allow();
	}
	return !is_wanted ? NULL : known && !is_moved ? known : calloc(1, sizeof(struct idle_file) + 1);
}

static void need(void)
{
	needed++;
}

static enum idle_outcome copy(const struct open_database *database, const struct idle_file *file)
{
	copied += file && file == database->idle.file;
	return outcome;
}

static void start(void)
{
	idle_wal_begin(&one.idle);
	idle_wal_begin(&other.idle);
	shim.files.database = &one;
	other_shim.files.database = &other;
	idle_wal_serve(decide, need);
	is_wanted = false;
	idle_wal_note(&shim);
	check(needed == 0 && !one.idle.committed && idle_wal_next(0) == IDLE_WAL_NEVER, "what is not to be copied is not noted");
	is_wanted = true;
}

static void check_rest(void)
{
	int64_t now = monotonic_now();

	idle_wal_note(&shim);
	check(needed == 1 && one.idle.committed, "a commit is told to who copies");
	check(!held, "other files are looked at for the first one");
	check(idle_wal_look(now, copy) == now + IDLE_WAL_REST && copied == 0, "it is due when it has rested");
	idle_wal_note(&shim);
	check(idle_wal_look(now + IDLE_WAL_REST, copy) == now + 2 * IDLE_WAL_REST && copied == 0, "not after another commit");
	outcome = IDLE_COPIED;
	check(idle_wal_look(now + 2 * IDLE_WAL_REST, copy) == IDLE_WAL_NEVER && copied == 1, "then it is copied, once");
	check(idle_wal_count(&shim) == 1 && idle_wal_count(&shim) == 1, "which is counted once");
}

static void check_tries(void)
{
	int64_t now = monotonic_now(), next;
	unsigned before = copied;

	outcome = IDLE_HINDERED;
	idle_wal_note(&shim);
	next = idle_wal_look(now, copy);
	for (int i = 0; i < 20 && next != IDLE_WAL_NEVER; i++)
		next = idle_wal_look(next, copy);
	check(next == IDLE_WAL_NEVER && copied - before == 11, "what readers hinder is tried ten times more");
	idle_wal_note(&shim);
	idle_wal_note(&other_shim);
	outcome = IDLE_OVER;
	before = copied;
	now = monotonic_now();
	idle_wal_look(now, copy);
	idle_wal_look(now + IDLE_WAL_REST, copy);
	check(copied - before == 2 && idle_wal_next(now) == IDLE_WAL_NEVER, "all that are due are copied");
}

/* The clock of a tick is late. */
static void check_look(void)
{
	int64_t now;

	idle_wal_begin(&one.idle);
	idle_wal_note(&shim);
	check(!held, "other files are looked at for the first commit of a database");
	now = monotonic_now();
	idle_wal_note(&shim);
	check(held || monotonic_now() - now > IDLE_WAL_REST / 2, "not again while the -wal cannot have come to rest");
	is_wanted = false;
	idle_wal_note(&shim);
	is_wanted = true;
	idle_wal_note(&shim);
	check(!held, "but if it was not to be copied by the last look");
	monotonic_sleep(monotonic_now() + IDLE_WAL_REST + IDLE_WAL_REST / 2);
	idle_wal_note(&shim);
	check(!held, "and once it can have");
	idle_wal_forked();
	idle_wal_note(&shim);
	check(!held, "and in a forked child");
	idle_wal_forked();
}

static _Atomic int inside;

static enum idle_outcome slow_copy(const struct open_database *database, const struct idle_file *file)
{
	(void)database;
	(void)file;
	inside = 1;
	monotonic_sleep(monotonic_now() + 50000000);
	inside = 2;
	return IDLE_COPIED;
}

static void *copy_slowly(void *unused)
{
	int64_t now = monotonic_now();

	idle_wal_look(now, slow_copy);
	idle_wal_look(now + IDLE_WAL_REST, slow_copy);
	return unused;
}

/* A file by another name takes the place of the one that was known, but not under who copies by that. */
static void check_known(void)
{
	const struct idle_file *known = one.idle.file;
	pthread_t thread;

	idle_wal_note(&shim);
	check(one.idle.file == known, "what is known of a file stays");
	is_moved = true;
	inside = 0;
	pthread_create(&thread, NULL, copy_slowly, NULL);
	while (!inside)
		;
	idle_wal_note(&shim);
	check(one.idle.file == known && one.idle.committed, "also while somebody copies by it, and a commit is noted");
	pthread_join(thread, NULL);
	idle_wal_note(&shim);
	check(one.idle.file != known, "after that another one takes its place");
	is_moved = false;
}

static void check_exclusion(void)
{
	pthread_t thread;
	int64_t now = monotonic_now();
	unsigned before = copied;

	idle_wal_note(&shim);
	inside = 0;
	pthread_create(&thread, NULL, copy_slowly, NULL);
	while (!inside)
		;
	idle_wal_exclude();
	check(inside == 2, "who excludes copies waits for one that is under way");
	pthread_join(thread, NULL);
	idle_wal_note(&shim);
	idle_wal_look(now, copy);
	check(idle_wal_look(now + IDLE_WAL_REST, copy) != IDLE_WAL_NEVER && copied == before,
	      "and there is none until they are allowed");
	idle_wal_allow();
	idle_wal_allow();
	idle_wal_look(now + 2 * IDLE_WAL_REST, copy);
	check(copied == before + 1, "and then it is made");
	idle_wal_note(&shim);
	idle_wal_forked();
	check(!one.idle.committed && idle_wal_next(now) == IDLE_WAL_NEVER, "a forked child has nothing to copy");
}

/* As a signal handler does that comes while a commit is noted. */
static void check_fork_inside(void)
{
	int64_t began = monotonic_now();

	forks = true;
	idle_wal_note(&shim);
	forks = false;
	check(monotonic_now() - began < INT64_C(4000000000), "a fork does not wait for what its own thread decides");
}

int main(void)
{
	start();
	check_rest();
	check_tries();
	check_look();
	check_known();
	check_exclusion();
	check_fork_inside();
	return check_end();
}
