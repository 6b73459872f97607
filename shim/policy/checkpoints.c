/* checkpoints.c - finds a connection that is not in use, and has SQLite copy the -wal by it; if the calling thread's own one is
 * inside a transaction, or runs a statement, by a handle that is made for it. */
#include "policy/checkpoints.h"

#include "base/glibc.h"
#include "base/guard.h"
#include "base/signals.h"
#include "connection/error_log.h"
#include "connection/registry.h"
#include "elf/object.h"
#include "locking/file_shim.h"
#include "locking/inherited_locks.h"
#include "locking/kept_files.h"
#include "locking/kept_locks.h"
#include "locking/last_close.h"
#include "locking/open_databases.h"
#include "locking/wal_index.h"
#include "policy/apply.h"
#include "sqlite/probe.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

/* How often the mutex of SQLite's VFS is tried: another thread holds it for the time of a system call. */
#define TRIES 100

/* A connection of the calling thread that reads now. */
struct reader {
	const struct sqlite *sqlite; /* NULL if there is none */
	sqlite3 *db;
	const char *path, *shm;
};

enum occasion {
	FOR_THE_FILE,
	UNASKED, /* the call has nothing to do with the file: any thread may make it at any time */
	AT_END,  /* the same, and is the process's last one */
};

struct search {
	ino_t inode;
	pid_t pid;
	bool unasked;
	sqlite3_mutex *mutex;
	struct connection *connection; /* one that is not in use, locked */
	struct reader *reader;
};

static bool is_open(ino_t inode)
{
	ino_t wal, shm;

	return open_databases_find(inode, &wal, &shm);
}

/* One that has not read the file since it is in WAL mode copies nothing. */
static bool has_wal(const struct connection *connection)
{
	const struct file_shim *shim = connection->shim;

	return shim->db == connection->db && shim->handoff.shm && wal_files_are_open(&shim->files) &&
	       !wal_files_may_be_anothers(shim);
}

/* SQLite refuses to checkpoint for a connection that is reading; one that has only begun is not. What it does inside a call (a
 * sync, a callback) may start a program or ask for a size: nothing then, as the connection's mutex lets its own thread in. */
static bool is_idle(const struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;

	return !connection->shim->checkpoints && !connection->shim->has_read_lock && sqlite->next_stmt && sqlite->stmt_busy &&
	       !sqlite_runs_statement(sqlite, connection->db);
}

/* A connection that is inherited is its parent's to care for, as long as that lives, unless the child has written by it. */
static bool is_of(const struct connection *connection, const struct search *search)
{
	const struct wal_files *files = &connection->shim->files;

	if (connection->pid == search->pid)
		return true;
	return inherited_locks_are_usable(search->pid) && (!search->unasked || !kept_locks_are_shared(files) ||
							   (files->database && idle_wal_is_wanted(&files->database->idle)));
}

/* A handle beside this one has no shim, and with it no guard against the WAL-reset race (reset_guard.h): what keeps SQLite from
 * starting the -wal anew meanwhile is this connection's own read lock, which its thread does not give back during this call. One
 * that encrypts wants a key. */
static void note_reader(const struct connection *connection, struct reader *reader)
{
	const struct file_shim *shim = connection->shim;
	const struct sqlite *sqlite = connection->sqlite;

	if (reader->sqlite || !shim->reads_wal || shim->checkpoints || connection->shared_cache || sqlite->has_key ||
	    connection->pid != getpid() || !file_shim_is_of_this_thread(connection->shim) || wal_files_moved(shim))
		return;
	*reader = (struct reader){.sqlite = sqlite, .db = connection->db, .path = shim->files.path, .shm = shim->handoff.shm};
}

/* SQLite opens the -wal at the first read. */
static void read_and_checkpoint(const struct sqlite *sqlite, sqlite3 *db, void *unused)
{
	(void)unused;
	if (sqlite->exec(db, "PRAGMA schema_version", NULL, NULL, NULL) == SQLITE_OK)
		sqlite_checkpoint(sqlite, db);
}

static void checkpoint_beside(const struct reader *reader)
{
	if (wal_index_backfilled(reader->shm) == wal_index_frames(reader->shm))
		return;
	error_log_suspend();
	probe_run_beside(reader->sqlite, reader->path, sqlite_vfs_name(reader->sqlite, reader->db, "main"), read_and_checkpoint,
			 NULL);
	error_log_resume();
}

/* A close sets connection->closing under the registry's lock before it takes the mutex. */
static bool see_connection(struct connection *connection, void *argument)
{
	struct search *search = argument;
	const struct sqlite *sqlite = connection->sqlite;
	sqlite3_mutex *mutex;

	if (connection->closing || !connection->shim || connection->shim->files.inode != search->inode ||
	    !is_of(connection, search) || !sqlite->wal_checkpoint_v2 ||
	    !sqlite_try_mutex(sqlite, connection->db, !search->unasked || file_shim_is_of_this_thread(connection->shim), &mutex))
		return true;
	if (has_wal(connection) && is_idle(connection)) {
		search->connection = connection;
		search->mutex = mutex;
		return false;
	}
	if (has_wal(connection))
		note_reader(connection, search->reader);
	if (mutex)
		sqlite->mutex_leave(mutex);
	return true;
}

/* Does this thread not have the mutex that SQLite's unix VFS holds while it looks for a file that it has open already? It asks for
 * the inode then, and a checkpoint would wait for that mutex for ever. Such a SQLite is 3.12 or later, as its files have shims. */
static bool is_vfs_free(const struct sqlite *sqlite)
{
	sqlite3_mutex *mutex = NULL;

	if (sqlite_has_mutexes(sqlite) && sqlite->mutex_try && sqlite->mutex_leave)
		mutex = sqlite->mutex_alloc(SQLITE_MUTEX_STATIC_VFS1);
	for (int i = 0; mutex && sqlite->mutex_try(mutex) != SQLITE_OK; i++) {
		if (i == TRIES)
			return false;
		sched_yield();
	}
	if (mutex)
		sqlite->mutex_leave(mutex);
	return true;
}

static bool leave_moved(struct connection *connection, void *argument)
{
	const struct search *search = argument;

	if (connection->closing || !connection->shim || connection->shim->files.inode != search->inode ||
	    connection->pid != search->pid || !has_wal(connection))
		return true;
	last_close_clear_name(connection->shim);
	return false;
}

/* may_be_sqlite: the call may be one of SQLite's own. */
static void checkpoint(ino_t inode, enum occasion occasion, bool may_be_sqlite)
{
	struct reader reader = {.sqlite = NULL};
	struct search search = {.inode = inode, .pid = getpid(), .unasked = occasion != FOR_THE_FILE, .reader = &reader};
	const struct sqlite *sqlite;
	int cancel;

	if (guard_depth > 0)
		return;
	/* a thread that is cancelled ends in its own calls, not in SQLite */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	/* one that is under way would refuse this one; a call inside SQLite has locks that it may want */
	if (!may_be_sqlite)
		idle_wal_exclude();
	guard_enter(NULL);
	registry_visit_peers(PEERS_BY_INODE, inode, see_connection, &search);
	if (search.connection) {
		sqlite = search.connection->sqlite;
		if (!may_be_sqlite || is_vfs_free(sqlite))
			sqlite_checkpoint(sqlite, search.connection->db);
		if (occasion == AT_END && !kept_locks_others_are_there(&search.connection->shim->files))
			apply_empty_wal(search.connection);
		if (search.mutex)
			sqlite->mutex_leave(search.mutex);
	} else if (reader.sqlite && !signals_may_be_handled() && (!may_be_sqlite || is_vfs_free(reader.sqlite))) {
		checkpoint_beside(&reader);
	}
	if (occasion == AT_END)
		registry_visit_peers(PEERS_BY_INODE, inode, leave_moved, &search);
	guard_leave();
	if (!may_be_sqlite)
		idle_wal_allow();
	pthread_setcancelstate(cancel, NULL);
}

void checkpoint_file(ino_t inode)
{
	checkpoint(inode, FOR_THE_FILE, false);
}

/* The size of a database is a multiple of its pages'. */
#define PAGE_LEAST 512

void checkpoint_before_read(int fd)
{
	struct stat status;
	int saved = errno;

	if (glibc_fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0 && status.st_size % PAGE_LEAST == 0 &&
	    is_open(status.st_ino))
		checkpoint_file(status.st_ino);
	errno = saved;
}

/* More are not copied at the end of a process. */
#define DATABASES 32

struct databases {
	ino_t inodes[DATABASES];
	size_t count;
};

static bool collect(struct file_shim *shim, void *argument)
{
	struct databases *databases = argument;
	ino_t inode = shim->files.inode;

	if (!inode || !is_open(inode))
		return true;
	for (size_t i = 0; i < databases->count; i++)
		if (databases->inodes[i] == inode)
			return true;
	databases->inodes[databases->count++] = inode;
	return databases->count < DATABASES;
}

static void checkpoint_each(enum occasion occasion)
{
	struct databases databases = {.count = 0};
	int saved = errno;

	if (!wal_files_any() || guard_depth > 0 || signals_may_be_handled())
		return;
	kept_files_remove_left(NULL);
	wal_files_each(collect, &databases);
	for (size_t i = 0; i < databases.count; i++)
		checkpoint(databases.inodes[i], occasion, false);
	errno = saved;
}

void checkpoint_all(void)
{
	checkpoint_each(UNASKED);
}

void checkpoint_at_end(void)
{
	checkpoint_each(AT_END);
}

/* SQLite asks for sizes and inodes itself, inside its own calls and with locks of its own held. A copy that is known is told by its
 * place alone, as a thread's stack may be small. */
static __attribute__((noinline)) bool is_of_sqlite(const void *caller)
{
	struct object object;

	return object_has_sqlite(caller, &object);
}

static bool is_of_program(const void *caller)
{
	return !sqlite_is_known(caller) && !is_of_sqlite(caller);
}

void checkpoint_before_read_by(int fd, const void *caller)
{
	int saved = errno;

	if (guard_depth == 0 && is_of_program(caller) && !signals_may_be_handled())
		checkpoint_before_read(fd);
	errno = saved;
}

bool checkpoint_before_size(const struct stat *status, const void *caller, bool (*is_hidden)(void))
{
	ino_t inode = status->st_ino;
	int saved = errno;
	bool own = guard_depth == 0 && S_ISREG(status->st_mode) && is_open(inode) && is_of_program(caller) &&
		   !signals_may_be_handled();

	if (own)
		checkpoint(inode, UNASKED, is_hidden());
	errno = saved;
	return own;
}
