/* moving_file.c - what becomes of the -wal and -shm of a database that its own process moves or copies. */
#include "policy/moving_file.h"

#include "base/glibc.h"
#include "base/guard.h"
#include "base/signals.h"
#include "base/threads.h"
#include "connection/registry.h"
#include "elf/object.h"
#include "locking/file_shim.h"
#include "locking/inherited_locks.h"
#include "locking/kept_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXCHANGE 2 /* RENAME_EXCHANGE: linux/fs.h */

struct search {
	ino_t inode;
	struct moving_file *found;
	pid_t pid;
	bool unasked; /* the call has nothing to do with the file: any thread may make it at any time */
	sqlite3_mutex *mutex;
	struct connection *connection; /* one that is not in use, locked */
};

static bool see_shim(struct file_shim *shim, void *argument)
{
	struct search *search = argument;

	if (shim->files.inode != search->inode || !shim->files.wal || !shim->files.by_recipe)
		return true;
	search->found->wal = shim->files.wal;
	search->found->shm = shim->files.shm;
	return false;
}

/* SQLite refuses to checkpoint for a connection that is reading. What it does inside a call (a sync, a callback) may start a
 * program or ask for a size: nothing then, as the connection's mutex lets its own thread in. */
static bool is_idle(const struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;
	sqlite3_stmt *stmt = NULL;

	if (connection->shim->checkpoints || connection->shim->has_read_lock || !sqlite->get_autocommit(connection->db) ||
	    !sqlite->next_stmt || !sqlite->stmt_busy)
		return false;
	while ((stmt = sqlite->next_stmt(connection->db, stmt)))
		if (sqlite->stmt_busy(stmt))
			return false;
	return true;
}

/* One that has not read the file since it is in WAL mode copies nothing. */
static bool has_wal(const struct connection *connection, ino_t inode)
{
	const struct file_shim *shim = connection->shim;

	return shim && shim->db == connection->db && shim->files.inode == inode && shim->handoff.shm;
}

static bool is_of(const struct connection *connection, pid_t pid)
{
	return connection->pid == pid || inherited_locks_are_usable(pid);
}

/* Without a mutex of its own a connection may be in use by another thread now. */
static bool is_of_this_thread(const struct connection *connection)
{
	return holder_is_of_thread(&connection->shim->holder) || threads_is_single();
}

/* A close sets connection->closing under the registry's lock before it takes the mutex. */
static void see_connection(struct connection *connection, void *argument)
{
	struct search *search = argument;
	const struct sqlite *sqlite = connection->sqlite;
	sqlite3_mutex *mutex;

	if (search->connection || connection->closing || !is_of(connection, search->pid) || !has_wal(connection, search->inode) ||
	    !sqlite->db_mutex || !sqlite->mutex_try || !sqlite->mutex_leave || !sqlite->wal_checkpoint_v2)
		return;
	mutex = sqlite->db_mutex(connection->db);
	if (mutex ? sqlite->mutex_try(mutex) != SQLITE_OK : search->unasked && !is_of_this_thread(connection))
		return;
	if (is_idle(connection)) {
		search->connection = connection;
		search->mutex = mutex;
	} else if (mutex) {
		sqlite->mutex_leave(mutex);
	}
}

static void checkpoint(struct search *search)
{
	const struct sqlite *sqlite;

	if (guard_depth > 0)
		return;
	guard_enter(NULL);
	registry_visit(see_connection, search);
	if (search->connection) {
		sqlite = search->connection->sqlite;
		sqlite->wal_checkpoint_v2(search->connection->db, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
		if (search->mutex)
			sqlite->mutex_leave(search->mutex);
	}
	guard_leave();
}

static bool look(struct moving_file *file, const struct stat *status)
{
	struct search search = {.found = file, .inode = status->st_ino, .pid = getpid()};

	file->wal = file->shm = 0;
	if (!S_ISREG(status->st_mode))
		return false;
	if (wal_files_each(see_shim, &search))
		return kept_files_find(status, &file->wal, &file->shm);
	checkpoint(&search);
	return true;
}

static bool look_by_name(struct moving_file *file)
{
	struct stat status;

	return glibc_fstatat(file->folder, file->name, &status, 0) == 0 && look(file, &status);
}

bool moving_file_before(struct moving_file *from, struct moving_file *to)
{
	int saved = errno;
	bool source = look_by_name(from), target = look_by_name(to);

	errno = saved;
	return source || target;
}

bool moving_file_before_delete(struct moving_file *file)
{
	struct stat status;
	int saved = errno;
	bool found = glibc_fstatat(file->folder, file->name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode) &&
		     kept_files_find(&status, &file->wal, &file->shm);

	errno = saved;
	return found;
}

/* The size of a database is a multiple of its pages'. */
#define PAGE_LEAST 512

void moving_file_read(int fd)
{
	struct moving_file file;
	struct stat status;
	int saved = errno;

	if (glibc_fstat(fd, &status) == 0 && status.st_size > 0 && status.st_size % PAGE_LEAST == 0)
		look(&file, &status);
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

	if (!shim->files.wal || !shim->files.by_recipe)
		return true;
	for (size_t i = 0; i < databases->count; i++)
		if (databases->inodes[i] == inode)
			return true;
	databases->inodes[databases->count++] = inode;
	return databases->count < DATABASES;
}

void moving_file_all(void)
{
	struct databases databases = {.count = 0};
	struct search search = {.connection = NULL};
	int saved = errno;

	if (!wal_files_any() || guard_depth > 0 || signals_may_be_handled())
		return;
	wal_files_each(collect, &databases);
	for (size_t i = 0; i < databases.count; i++) {
		search = (struct search){.inode = databases.inodes[i], .pid = getpid(), .unasked = true};
		checkpoint(&search);
	}
	errno = saved;
}

/* SQLite asks for sizes and inodes itself, inside its own calls and with locks of its own held. A copy that is known is told by its
 * place alone, as a thread's stack may be small. */
static __attribute__((noinline)) bool is_of_sqlite(const void *caller)
{
	struct object object;

	return object_has_sqlite(caller, &object);
}

bool moving_file_sized(const struct stat *status, const void *caller)
{
	struct moving_file file;
	struct search search = {.found = &file, .inode = status->st_ino, .pid = getpid(), .unasked = true};
	int saved = errno;
	bool own = guard_depth == 0 && S_ISREG(status->st_mode) && !wal_files_each(see_shim, &search) && !sqlite_is_known(caller) &&
		   !is_of_sqlite(caller) && !signals_may_be_handled();

	if (own)
		checkpoint(&search);
	errno = saved;
	return own;
}

struct names {
	char *old, *new;
};

static bool names_make(struct names *names, const struct moving_file *from, const struct moving_file *to, const char *suffix)
{
	names->old = wal_files_join(from->name, suffix);
	names->new = wal_files_join(to->name, suffix);
	return names->old && names->new;
}

static void names_free(struct names *names)
{
	free(names->old);
	free(names->new);
}

static void move(const struct moving_file *from, const struct moving_file *to, const char *suffix, ino_t mine, ino_t replaced)
{
	struct names names;

	if (!names_make(&names, from, to, suffix))
		;
	else if (wal_files_name_is(from->folder, names.old, mine))
		renameat(from->folder, names.old, to->folder, names.new);
	else if (wal_files_name_is(to->folder, names.new, replaced))
		unlinkat(to->folder, names.new, 0);
	names_free(&names);
}

/* Where there is only one of them, it moves. */
static void exchange(const struct moving_file *from, const struct moving_file *to, const char *suffix)
{
	struct names names;

	if (names_make(&names, from, to, suffix) &&
	    syscall(SYS_renameat2, from->folder, names.old, to->folder, names.new, EXCHANGE) != 0 && errno == ENOENT &&
	    renameat(from->folder, names.old, to->folder, names.new) != 0)
		renameat(to->folder, names.new, from->folder, names.old);
	names_free(&names);
}

void moving_file_after(const struct moving_file *from, const struct moving_file *to, bool exchanged)
{
	int saved = errno;

	if (exchanged) {
		exchange(from, to, "-wal");
		exchange(from, to, "-shm");
	} else if (from->wal != to->wal || !from->wal) {
		move(from, to, "-wal", from->wal, to->wal);
		move(from, to, "-shm", from->shm, to->shm);
	}
	errno = saved;
}

static void remove_beside(const struct moving_file *file, const char *suffix, ino_t inode)
{
	char *name = wal_files_join(file->name, suffix);

	/* The system call that SQLite deletes a -wal by, where that will do: a sandbox may know no other. */
	if (!name || !wal_files_name_is(file->folder, name, inode))
		;
	else if (file->folder == AT_FDCWD)
		unlink(name);
	else
		unlinkat(file->folder, name, 0);
	free(name);
}

/* One that another process has written to since stays. */
static bool is_empty(const struct moving_file *file)
{
	char *name = wal_files_join(file->name, "-wal");
	struct stat status;
	bool empty = name && glibc_fstatat(file->folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_size == 0;

	free(name);
	return empty;
}

void moving_file_after_delete(const struct moving_file *file)
{
	int saved = errno;

	if (is_empty(file)) {
		remove_beside(file, "-wal", file->wal);
		remove_beside(file, "-shm", file->shm);
	}
	errno = saved;
}
