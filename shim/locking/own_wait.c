/* own_wait.c - looks at the process's other connections. */
#include "locking/own_wait.h"

#include "base/glibc.h"
#include "base/interpreter_lock.h"
#include "base/threads.h"
#include "connection/registry.h"
#include "locking/busy_unshimmed.h"
#include "locking/file_shim.h"
#include "locking/lock_owner.h"

#include <errno.h>

#define MILLISECOND INT64_C(1000000)

/* At one look the lock may be free, as one process hands it on to another. */
#define ENOUGH 3
#define LOOK_AGAIN (20 * MILLISECOND) /* a shorter wait is not looked at at all */

struct search {
	const struct connection *waiter;
	uintptr_t file; /* as in waiters.h */
	enum holder_kind found;
};

/* May the one have a lock that the other waits for? */
static bool may_meet(const struct connection *other, const struct connection *waiter)
{
	return (other->inode == waiter->inode && other->device == waiter->device) || other->attached != ATTACHED_NONE ||
	       waiter->attached != ATTACHED_NONE;
}

static bool is_in_transaction(const struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;

	return connection->exclusive || !sqlite->get_autocommit(connection->db) ||
	       (sqlite->next_stmt && sqlite_runs_statement(sqlite, connection->db));
}

static const struct holder *holder_of(const struct connection *connection)
{
	return connection->shim ? &connection->shim->holder : busy_unshimmed_holder(connection);
}

static bool is_of_this_thread(const struct connection *connection)
{
	const struct holder *holder = holder_of(connection);

	return threads_is_single() || (holder && holder_is_of_thread(holder));
}

static enum holder_kind kind_of(const struct connection *connection, uintptr_t file)
{
	const struct holder *holder = holder_of(connection);

	if (interpreter_lock_is_held())
		return HOLDER_OF_THREAD;
	if (holder && atomic_load_explicit(&holder->is_pooled, memory_order_relaxed))
		return HOLDER_POOLED;
	if (is_of_this_thread(connection))
		return HOLDER_OF_THREAD;
	return holder ? holder_kind_elsewhere(holder, file) : HOLDER_IN_PROCESS;
}

/* Under the registry's lock, so that the connection is not closed meanwhile. Another thread that has its mutex goes on; one without
 * a mutex is left to its own thread. */
static void look(struct connection *connection, void *argument)
{
	struct search *search = argument;
	const struct sqlite *sqlite = connection->sqlite;
	enum holder_kind kind = kind_of(connection, search->file);
	sqlite3_mutex *mutex = NULL;

	if (connection == search->waiter || connection->closing || kind <= search->found)
		return;
	if (sqlite->db_mutex && sqlite->mutex_try && sqlite->mutex_leave)
		mutex = sqlite->db_mutex(connection->db);
	if (mutex ? sqlite->mutex_try(mutex) != SQLITE_OK : !is_of_this_thread(connection))
		return;
	if (may_meet(connection, search->waiter) && is_in_transaction(connection))
		search->found = kind;
	if (mutex)
		sqlite->mutex_leave(mutex);
}

enum holder_kind own_wait_find(const struct connection *waiter, uintptr_t file)
{
	struct search search = {.waiter = waiter, .file = file, .found = HOLDER_IN_PROCESS};

	if (waiter)
		registry_visit(look, &search);
	return search.found == HOLDER_IN_PROCESS ? HOLDER_ELSEWHERE : search.found;
}

/* Who copies the -wal, or commits by a rollback journal, waits for readers. */
static bool waits_for_readers(const struct file_shim *shim)
{
	return shim->handoff.shm ? shim->checkpoints : shim->refused > SQLITE_LOCK_RESERVED;
}

/* Without a -shm there is no counter of commits. */
static void look_for_writes(struct file_shim *waiter, int64_t now)
{
	struct own_wait *own = &waiter->busy.own_wait;
	struct stat status;

	if (waiter->handoff.shm || glibc_fstat(waiter->files.fd, &status) != 0)
		return;
	if (status.st_mtim.tv_sec != own->written.tv_sec || status.st_mtim.tv_nsec != own->written.tv_nsec)
		waiter->busy.moved_at = now;
	own->written = status.st_mtim;
}

bool own_wait_is_due(struct own_wait *own, int64_t now, int64_t began)
{
	if (own->began != began)
		*own = (struct own_wait){.began = began, .looked_at = began, .written = own->written};
	if (now - own->looked_at < LOOK_AGAIN)
		return false;
	own->looked_at = now;
	return true;
}

void own_wait_note(struct own_wait *own, enum holder_kind kind)
{
	own->kind = kind;
	own->times = kind == HOLDER_ELSEWHERE ? 0 : own->times + 1;
}

enum holder_kind own_wait_kind(const struct own_wait *own)
{
	return own->times < ENOUGH ? HOLDER_ELSEWHERE : own->kind;
}

enum holder_kind own_wait_look(struct file_shim *waiter, int64_t now, int64_t began)
{
	struct own_wait *own = &waiter->busy.own_wait;
	enum holder_kind kind;
	int saved = errno;

	if (own_wait_is_due(own, now, began)) {
		look_for_writes(waiter, now);
		kind = own_wait_find(registry_find(waiter->db), file_shim_awaited(waiter));
		if (kind != HOLDER_ELSEWHERE && lock_owner_find(&waiter->files, waits_for_readers(waiter)).lock)
			kind = HOLDER_ELSEWHERE;
		own_wait_note(own, kind);
		errno = saved;
	}
	return own_wait_kind(own);
}
