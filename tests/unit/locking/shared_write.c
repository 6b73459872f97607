/* shared_write.c - unit tests of the shared write lock: threads of several processes, by the kernel's own locks, and a SQLite that
 * is made up. */
#include "locking/shared_write.h"

#include "../check.h"
#include "base/log.h"
#include "elf/loader.h"
#include "locking/file_shim.h"
#include "locking/idle_watcher.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROCESSES = 3, THREADS = 3, ROUNDS = 4000, WRITE_BYTE = 120, SECOND_BYTE = 129 };

/* What the processes share. */
struct seen {
	atomic_int writers;
	atomic_uint overlaps, own, shared, alone;
};

static struct seen *seen;
static struct file_shim shims[THREADS];
static struct sqlite sqlite;
static char shm[256];
static int fd;

atomic_bool idle_watcher_lives;
const char *_Atomic threads_single;

bool threads_look_up_single(void)
{
	return false;
}

void idle_watcher_start(void)
{
}

void file_shim_each(void (*see)(struct file_shim *shim, void *argument), void *argument)
{
	for (int i = 0; i < THREADS; i++)
		see(&shims[i], argument);
}

bool wal_files_each(bool (*see)(struct file_shim *shim, void *argument), void *argument)
{
	for (int i = 0; i < THREADS; i++)
		if (!see(&shims[i], argument))
			return false;
	return true;
}

bool loader_is_still(const struct loaded *loaded, const void *address)
{
	(void)loaded;
	(void)address;
	return true;
}

void log_write(int level, const char *format, ...)
{
	(void)level;
	(void)format;
}

static bool set(short type)
{
	struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = WRITE_BYTE, .l_len = 1};

	return fcntl(fd, F_SETLK, &lock) == 0;
}

/* As SQLite's unix VFS does it: one lock of the process for those of its connections. */
static int shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	static int holders; /* -1: one has it alone */
	bool takes = flags & SQLITE_SHM_LOCK, is_shared = flags & SQLITE_SHM_SHARED;
	int rc = SQLITE_OK;

	(void)file;
	(void)offset;
	(void)n;
	pthread_mutex_lock(&mutex);
	if (takes && (holders < 0 || (!is_shared && holders > 0) || (holders == 0 && !set(is_shared ? F_RDLCK : F_WRLCK))))
		rc = SQLITE_BUSY;
	else if (takes)
		holders += is_shared ? 1 : -1;
	else if (holders > 1)
		holders--;
	else if (holders != 0 && set(F_UNLCK))
		holders = 0;
	pthread_mutex_unlock(&mutex);
	return rc;
}

static void start(void)
{
	static const sqlite3_io_methods methods = {.iVersion = 3, .xShmLock = shm_lock};

	for (int i = 0; i < THREADS; i++) {
		shims[i].original = &methods;
		shims[i].sqlite = &sqlite;
		shims[i].handoff.shm = shm;
		shims[i].files.shm_fd = fd;
		shims[i].idle_lock.due = IDLE_LOCK_NEVER;
	}
}

static void write_something(const struct file_shim *shim)
{
	seen->overlaps += atomic_fetch_add(&seen->writers, 1) != 0;
	seen->own += shim->shared_write.hold == WRITE_OWN;
	seen->shared += shim->shared_write.hold == WRITE_SHARED;
	seen->alone += shim->shared_write.hold == WRITE_ALONE;
	atomic_fetch_sub(&seen->writers, 1);
}

/* A transaction by BEGIN, or one that writes at once. */
static void transact(struct file_shim *shim, bool begins, bool writes)
{
	if (begins)
		shared_write_begin(shim, IDLE_LOCK_NEVER, true);
	shared_write_enter(shim);
	if (writes && (shared_write_lock_own(shim) || shared_write_lock(shim) == SQLITE_OK)) {
		write_something(shim);
		shared_write_unlock(shim);
	}
	shared_write_leave(shim);
	shared_write_end(shim);
}

static void *run(void *argument)
{
	struct file_shim *shim = argument;
	unsigned random = (unsigned)(shim - shims) + (unsigned)getpid();

	for (int i = 0; i < ROUNDS; i++) {
		random = random * 1103515245 + 12345;
		transact(shim, (random >> 16) % 4 != 0, (random >> 20) % 4 != 0);
	}
	return NULL;
}

static bool is_free(off_t byte)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

	return fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type == F_UNLCK;
}

static void run_threads(void)
{
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, run, &shims[i]);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

/* Stays until its parent has looked at the locks: a process gives its locks back when it ends. */
static pid_t fork_runner(int done, int stay)
{
	pid_t pid = fork();
	char byte = 0;

	if (pid != 0)
		return pid;
	shared_write_forked();
	/* the child's first lock, by its only thread */
	transact(&shims[0], true, false);
	run_threads();
	_exit(write(done, &byte, 1) == 1 && read(stay, &byte, 1) == 0 ? 0 : 1);
}

static void run_processes(void)
{
	int done[2], stay[2], status, ended = 0;
	pid_t pids[PROCESSES];
	char byte;

	if (pipe(done) != 0 || pipe(stay) != 0)
		exit(2);
	for (int i = 0; i < PROCESSES; i++)
		pids[i] = fork_runner(done[1], stay[0]);
	for (int i = 0; i < PROCESSES; i++)
		ended += read(done[0], &byte, 1) == 1;
	check(ended == PROCESSES && is_free(WRITE_BYTE) && is_free(SECOND_BYTE), "no lock is left");
	for (int i = 0; i < PROCESSES; i++)
		kill(pids[i], SIGKILL);
	while (wait(&status) > 0)
		;
}

/* On a busy machine it may take more than once until two of them meet. */
static void check_processes(void)
{
	for (int i = 0; i < 20 && !(seen->own && seen->shared && seen->alone); i++)
		run_processes();
	check(seen->overlaps == 0, "no two write at once: %u did", seen->overlaps);
	check(seen->own && seen->shared && seen->alone, "each way to have the lock is seen: %u, %u, %u", seen->own, seen->shared,
	      seen->alone);
}

/* Is that so in another process? */
static bool elsewhere(bool (*what)(void))
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0)
		_exit(what() ? 0 : 1);
	return waitpid(pid, &status, 0) == pid && status == 0;
}

static bool write_is_free(void)
{
	return is_free(WRITE_BYTE);
}

static bool may_share(void)
{
	return set(F_RDLCK);
}

static void check_one(void)
{
	struct file_shim *first = &shims[0], *second = &shims[1];

	check(!shared_write_lock_own(first), "who does not share it cannot have it to itself");
	shared_write_begin(first, IDLE_LOCK_NEVER, true);
	shared_write_begin(second, IDLE_LOCK_NEVER, true);
	check(first->shared_write.has_begun && second->shared_write.has_begun, "two of one process share it");
	check(!shared_write_lock_own(first), "then neither has it to itself");
	shared_write_end(second);
	check(elsewhere(may_share), "another process may share it");
	shared_write_enter(first);
	check(shared_write_lock_own(first) && first->shared_write.hold == WRITE_OWN, "who is the only one has it to itself");
	check(!elsewhere(may_share), "and then no other process shares it");
	shared_write_begin(second, IDLE_LOCK_NEVER, true);
	check(!second->shared_write.has_begun && shared_write_lock(second) == SQLITE_BUSY, "nor another connection of its process");
	shared_write_unlock(first);
	shared_write_leave(first);
	check(elsewhere(write_is_free) && !first->shared_write.has_begun, "it gives all back at once");
	shared_write_begin(second, IDLE_LOCK_NEVER, true);
	check(second->shared_write.has_begun, "and then others share it again");
	shared_write_end(second);
	check(elsewhere(write_is_free), "until they end");
}

/* Between two calls that follow each other at once the lock is not left, however long ago it was due. */
static void check_going_on(void)
{
	struct file_shim *first = &shims[0];

	shared_write_begin(first, 1, true);
	shared_write_enter(first);
	shared_write_go_on(first);
	idle_lock_give_back_due(monotonic_now());
	check(!elsewhere(write_is_free), "a call that goes on is waited for");
	shared_write_enter(first);
	shared_write_leave(first);
	check(first->shared_write.has_begun, "and the next one has the lock still");
	idle_lock_give_back_due(monotonic_now());
	check(elsewhere(write_is_free), "then it is left, and given back");
	shared_write_end(first);
}

/* Another process shares the lock until the pipe is closed. */
static pid_t start_sharer(int *end)
{
	int ready[2], go[2];
	char byte = 0;
	pid_t child;

	if (pipe(ready) != 0 || pipe(go) != 0)
		abort();
	child = fork();
	if (child == 0) {
		close(go[1]);
		if (!set(F_RDLCK) || write(ready[1], &byte, 1) != 1 || read(go[0], &byte, 1) != 0)
			_exit(1);
		_exit(0);
	}
	check(read(ready[0], &byte, 1) == 1, "another process shares the lock");
	close(ready[0]);
	close(ready[1]);
	close(go[0]);
	*end = go[1];
	return child;
}

static void check_refused(void)
{
	struct file_shim *first = &shims[0];
	int end, status = -1;
	pid_t sharer = start_sharer(&end);

	shared_write_begin(first, IDLE_LOCK_NEVER, true);
	shared_write_enter(first);
	for (int i = 0; i < 4; i++)
		check(!shared_write_lock_own(first), "beside it nobody has the lock to itself");
	close(end);
	check(waitpid(sharer, &status, 0) == sharer && status == 0, "it ends");
	/* as if the other one had ended at once: the machine may be busy */
	first->shared_write.own_refused_at = monotonic_tick();
	check(!shared_write_lock_own(first), "after some refusals the kernel is not asked for a while");
	check(shared_write_lock(first) == SQLITE_OK && first->shared_write.hold == WRITE_SHARED, "the second lock serves as well");
	shared_write_unlock(first);
	usleep(20000);
	check(shared_write_lock_own(first), "then it is");
	shared_write_unlock(first);
	shared_write_leave(first);
}

static bool drops_inherited(void)
{
	struct file_shim *child = &shims[1];

	shared_write_forked();
	shared_write_begin(child, IDLE_LOCK_NEVER, true);
	if (child->shared_write.has_begun || shims[0].shared_write.hold != WRITE_NONE ||
	    shared_write_unlock(&shims[0]) != SQLITE_OK)
		return false;
	return !is_free(WRITE_BYTE);
}

/* In a child that was forked while its parent had the lock to itself, and goes on when it has not. */
static bool shares_later(int go)
{
	char byte;

	shared_write_forked();
	if (read(go, &byte, 1) != 1)
		return false;
	shared_write_begin(&shims[1], IDLE_LOCK_NEVER, true);
	return shims[1].shared_write.has_begun;
}

static void check_fork(void)
{
	struct file_shim *first = &shims[0];
	int go[2], status = 0;
	pid_t pid;

	shared_write_begin(first, IDLE_LOCK_NEVER, true);
	shared_write_enter(first);
	check(shared_write_lock_own(first), "the parent has it to itself");
	check(elsewhere(drops_inherited), "its child has nothing of it, and takes nothing from it");
	if (pipe(go) != 0)
		exit(2);
	pid = fork();
	if (pid == 0)
		_exit(shares_later(go[0]) ? 0 : 1);
	shared_write_unlock(first);
	shared_write_leave(first);
	check(elsewhere(write_is_free), "the parent gives it back");
	check(write(go[1], "", 1) == 1 && waitpid(pid, &status, 0) == pid && status == 0, "and its child may share it then");
}

int main(void)
{
	char name[] = "/tmp/sqlprod-shared-write.XXXXXX";

	fd = mkstemp(name);
	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (fd < 0 || seen == MAP_FAILED || unlink(name) != 0)
		return 2;
	start();
	check_one();
	check_going_on();
	check_refused();
	check_fork();
	check_processes();
	return check_end();
}
