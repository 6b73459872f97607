/* idle_checkpoint.c - which databases are copied at rest, and when a thread of the program does it. */
#include "policy/idle_checkpoint.h"

#include "base/guard.h"
#include "base/signals.h"
#include "base/threads.h"
#include "connection/registry.h"
#include "locking/file_shim.h"
#include "locking/idle_copy.h"
#include "locking/idle_watcher.h"
#include "locking/inherited_locks.h"
#include "locking/open_databases.h"
#include "policy/checkpoints.h"
#include "policy/idle_thread.h"
#include "policy/litestream.h"
#include "sqlite/callback_offsets.h"
#include "sqlite/copy.h"
#include "sqlite/probe.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <time.h>
#include <unistd.h>

/* How many frames SQLite would surely checkpoint at. */
#define MANY_FRAMES 1000000000
/* So near to its upper end the first thread's stack has room, which is 8 MiB as a rule. */
#define NEAR_TOP ((uintptr_t)1 << 20)

atomic_bool idle_checkpoint_awaits_wait;

static atomic_bool confined;
static _Atomic pid_t served;          /* the process whose commits were noted */
static _Atomic uint64_t blocked = -1; /* the signals that were when a thread without others committed last: bit n-1 for n */

/* Has the program left checkpoints to SQLite, and WAL to us? What an embedded copy's program sets by a function shows in its
 * memory. Litestream copies the -wal before it is checkpointed. */
static bool is_left_to_us(const struct file_shim *shim, const struct connection *connection, bool look_holds)
{
	const struct outcome *automatic = &connection->outcomes[SETTING_WAL_AUTOCHECKPOINT];

	return file_shim_has_wal_by_recipe(shim) && automatic->by != DECIDED_BY_PROGRAM &&
	       !(automatic->by == DECIDED_BY_OPERATOR && automatic->got == 0) &&
	       (!connection->offsets || callback_checkpoints(connection->offsets, connection->db, MANY_FRAMES)) &&
	       (look_holds || !litestream_replicates(shim->files.path));
}

static bool is_of_unix(const struct connection *connection)
{
	const char *vfs = sqlite_vfs_name(connection->sqlite, connection->db, "main");

	return !vfs || strcmp(vfs, IDLE_COPY_VFS) == 0;
}

/* Has this process the locks that SQLite takes it to have? */
static bool is_of_process(const struct connection *connection, pid_t pid)
{
	return connection->pid == pid || inherited_locks_are_usable(pid);
}

/* May a handle of ours be opened beside the program's? One that encrypts wants a key; two copies of SQLite drop each other's locks;
 * an automatic extension of the program may be none for other threads. */
static bool may_open(const struct file_shim *shim, const struct connection *connection, pid_t pid)
{
	const struct sqlite *sqlite = connection->sqlite;

	return is_of_process(connection, pid) && !connection->shared_cache && !connection->in_two_copies && !sqlite->has_key &&
	       sqlite->wal_checkpoint_v2 && !probe_has_others() && !copy_has_extensions(sqlite) && shim->files.path;
}

static const struct idle_file *remember(const struct file_shim *shim, const struct connection *connection,
					const struct idle_file *known)
{
	bool unsynced = connection->outcomes[SETTING_SYNCHRONOUS].got == SYNCHRONOUS_OFF;
	const char *path = shim->files.path;
	struct idle_file *file;

	if (known && known->sqlite == shim->sqlite && known->unsynced == unsynced && strcmp(known->path, path) == 0)
		return known;
	file = is_of_unix(connection) ? malloc(sizeof(*file) + strlen(path) + 1) : NULL;
	if (!file)
		return NULL;
	*file = (struct idle_file){.sqlite = shim->sqlite, .unsynced = unsynced};
	strcpy(file->path, path);
	return file;
}

static const struct idle_file *decide(struct file_shim *shim, const struct idle_file *known, bool look_holds)
{
	const struct connection *connection = registry_find(shim->db);
	bool is_known = known && shim->files.path && strcmp(known->path, shim->files.path) == 0;
	pid_t pid = getpid();

	if (settings_get(SETTING_IDLE_CHECKPOINT)->number == SWITCH_OFF || atomic_load(&confined) || !connection ||
	    !is_left_to_us(shim, connection, look_holds && is_known) || !may_open(shim, connection, pid) ||
	    (!threads_is_single() && !sqlite_has_mutexes(shim->sqlite)))
		return NULL;
	atomic_store(&served, pid);
	return remember(shim, connection, known);
}

static uint64_t bits_of(const sigset_t *mask)
{
	uint64_t bits = 0;

	for (int number = 1; number <= 64; number++)
		bits |= (uint64_t)(sigismember(mask, number) == 1) << (number - 1);
	return bits;
}

/* A program that confines itself may be killed for what a handle of ours does. Where a wait was awaited before this commit, it is
 * for that one. */
static void await_wait(void)
{
	sigset_t mask;

	if ((!atomic_load(&idle_checkpoint_awaits_wait) && threads_are_confined()) || sigprocmask(SIG_BLOCK, NULL, &mask) != 0)
		return;
	atomic_store(&blocked, bits_of(&mask));
	atomic_store(&idle_checkpoint_awaits_wait, true);
}

static void need(void)
{
	if (threads_is_single())
		await_wait();
	else if (atomic_load(&idle_thread_lives))
		idle_thread_wake();
	else if (threads_count() == 1)
		await_wait();
	else
		idle_thread_start();
}

bool idle_checkpoint_rests_until(int64_t now, int64_t end)
{
	int64_t next = idle_wal_next(now);

	return next != IDLE_WAL_NEVER && next >= end;
}

void idle_checkpoint_block_signals(sigset_t *before)
{
	static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT};
	sigset_t all;

	sigfillset(&all);
	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		sigdelset(&all, own[i]);
	sigprocmask(SIG_SETMASK, &all, before);
}

/* A write that a limit on files stops is not the program's. A thread that is cancelled ends in its wait, not in SQLite. */
static int64_t copy_without_signals(int64_t now)
{
	const struct timespec none = {0};
	sigset_t pending, limit;
	bool was_there = sigpending(&pending) != 0 || sigismember(&pending, SIGXFSZ) == 1;
	int64_t next;
	int cancel;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	next = idle_wal_look(now, idle_copy);
	pthread_setcancelstate(cancel, NULL);
	if (was_there || sigpending(&pending) != 0 || sigismember(&pending, SIGXFSZ) != 1)
		return next;
	sigemptyset(&limit);
	sigaddset(&limit, SIGXFSZ);
	sigtimedwait(&limit, NULL, &none);
	return next;
}

/* A coroutine's stack may be too small for SQLite. The kernel puts the program's name at the upper end of the first thread's. */
static bool has_stack(void)
{
	uintptr_t top = getauxval(AT_EXECFN), at = (uintptr_t)__builtin_frame_address(0);

	return at < top && top - at < NEAR_TOP;
}

/* A handler runs with its signal blocked, and SQLite is not called in one: so the mask is another one than at the commit. One that
 * blocks nothing, or a signal that was blocked at the commit, cannot be told from the program that it has interrupted, perhaps in
 * SQLite or malloc(): where there is such a one nothing is copied. Nor in a child of vfork(), or of a clone(2) that no handler of
 * fork() has seen: SQLite has no locks there. */
int64_t idle_checkpoint_in_wait(int64_t now, const sigset_t *mask)
{
	int64_t next = idle_wal_next(now);
	int saved = errno;

	if (next == IDLE_WAL_NEVER) {
		atomic_store(&idle_checkpoint_awaits_wait, false);
		/* another thread may have committed */
		atomic_store(&idle_checkpoint_awaits_wait, idle_wal_next(now) != IDLE_WAL_NEVER);
	}
	if (guard_depth > 0 || bits_of(mask) != atomic_load(&blocked) || !has_stack())
		return IDLE_WAL_NEVER;
	if (next > now)
		return next;
	if (atomic_load(&served) != getpid())
		return IDLE_WAL_NEVER;
	if (signals_handler_may_run(mask)) {
		idle_wal_forget();
		return IDLE_WAL_NEVER;
	}
	next = copy_without_signals(now);
	errno = saved;
	return next;
}

void idle_checkpoint_start(void)
{
	idle_wal_serve(decide, need);
}

/* Has the program one thread, and we another for this? */
static bool is_second_thread(void)
{
	return threads_count() == (atomic_load(&idle_watcher_lives) ? 3 : 2);
}

/* Not in a child of vfork(), whose memory is its parent's. */
void idle_checkpoint_confine(void)
{
	int saved = errno;

	if (guard_depth == 0 && atomic_load(&served) == getpid()) {
		atomic_store(&confined, true);
		if (atomic_load(&idle_thread_lives))
			idle_thread_stop();
		checkpoint_all();
		idle_wal_forget();
		atomic_store(&idle_checkpoint_awaits_wait, false);
	}
	errno = saved;
}

void idle_checkpoint_before_fork(void)
{
	idle_wal_exclude();
	if (atomic_load(&idle_thread_lives) && is_second_thread())
		idle_thread_stop();
}

void idle_checkpoint_after_fork(void)
{
	idle_wal_allow();
}

void idle_checkpoint_forked(void)
{
	idle_wal_forked();
	idle_thread_forked();
	atomic_store(&idle_checkpoint_awaits_wait, false);
}

void idle_checkpoint_end_threads(void)
{
	int saved = errno;

	if (guard_depth == 0 && (atomic_load(&idle_thread_lives) || atomic_load(&idle_watcher_lives)) &&
	    atomic_load(&served) == getpid()) {
		idle_checkpoint_before_fork();
		checkpoint_all();
		idle_watcher_before_fork();
		idle_watcher_after_fork();
		idle_checkpoint_after_fork();
	}
	errno = saved;
}
