/* same_file.c - finds the other connections of this process that have a connection's file open. */
#include "policy/same_file.h"

#include "base/glibc.h"
#include "base/log.h"
#include "base/process.h"
#include "connection/registry.h"
#include "locking/file_shim.h"
#include "policy/apply.h"

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

struct same_file {
	struct connection *joined;
	bool shared;
	const struct sqlite *foreign; /* another copy of SQLite that has the file open */
	bool renamed;                 /* one that was there before has it open by another name */
};

static bool is_in_other_copy(const struct connection *connection, const struct connection *other)
{
	return other->device == connection->device && !sqlite_is_same(other->sqlite, connection->sqlite);
}

/* Whoever joined last has marked all that were there. So one that is not marked, and of the same copy, tells that all are of it. */
static bool mark_same_inode(struct connection *other, void *argument)
{
	struct same_file *same = argument;

	if (other == same->joined)
		return true;
	same->renamed |= other->device == same->joined->device && strcmp(other->path, same->joined->path) != 0;
	if (is_in_other_copy(same->joined, other)) {
		other->in_two_copies = same->joined->in_two_copies = true;
		same->foreign = other->sqlite;
	}
	return other->in_two_copies || other->device != same->joined->device;
}

/* Only the first to have a file can be unmarked: the second has marked it. */
static bool mark_same_file(struct connection *other, void *argument)
{
	struct same_file *same = argument;

	if (other == same->joined)
		return true;
	other->shared_cache = same->shared = true;
	if (other->shim)
		file_shim_forget_reader(other->shim);
	return false;
}

/* Has the recipe, and nobody else, put the file into WAL mode? And is it known what the connection's locks are? */
static bool is_in_wal_by_recipe(const struct connection *connection)
{
	const struct outcome *outcome = &connection->outcomes[SETTING_JOURNAL_MODE];

	return outcome->by == DECIDED_BY_RECIPE && outcome->got == JOURNAL_WAL && file_shim_serves(connection) &&
	       !connection->busy.unknown && !connection->shared_cache && !wal_files_moved(connection->shim);
}

struct alone {
	const struct connection *joined;
	struct connection *other; /* the only other one of this process that has the file open, locked, if it rests */
	sqlite3_mutex *mutex;
	unsigned count;
};

/* A close sets connection->closing under the registry's lock before it takes the mutex. */
static bool see_alone(struct connection *other, void *argument)
{
	struct alone *alone = argument;
	const struct sqlite *sqlite = other->sqlite;

	if (other == alone->joined || other->device != alone->joined->device)
		return true;
	if (alone->count++ > 0)
		return false;
	if (other->closing || other->pid != getpid() || !is_in_wal_by_recipe(other) ||
	    !sqlite_try_mutex(sqlite, other->db, file_shim_is_of_this_thread(other->shim), &alone->mutex))
		return true;
	if (sqlite_is_idle(sqlite, other->db))
		alone->other = other;
	else if (alone->mutex)
		sqlite->mutex_leave(alone->mutex);
	return true;
}

/* Has it read nothing yet? Else it takes the file to be in WAL mode. */
static bool has_no_lock(const struct connection *connection)
{
	int level = SQLITE_LOCK_NONE;

	return connection->file->pMethods &&
	       connection->file->pMethods->xFileControl(connection->file, SQLITE_FCNTL_LOCKSTATE, &level) == SQLITE_OK &&
	       level == SQLITE_LOCK_NONE;
}

/* The other connection takes the file back out of WAL mode, if the two have it alone: then both use it as they do without the
 * library. Else only one copy of SQLite at a time can map the -shm (file_shim.c), and the other one waits for as long as the first
 * has the file open; by two names they would share the -shm, and have a -wal each. */
static void leave_wal(const struct connection *joined)
{
	struct alone alone = {.joined = joined};

	if (!has_no_lock(joined))
		return;
	registry_visit_peers(PEERS_BY_INODE, joined->inode, see_alone, &alone);
	if (!alone.other)
		return;
	if (alone.count == 1)
		apply_rollback_journal(alone.other);
	if (alone.mutex)
		alone.other->sqlite->mutex_leave(alone.mutex);
}

static void warn_of_two_copies(const struct connection *connection, const struct sqlite *foreign)
{
	const char *one = *connection->sqlite->object ? connection->sqlite->object : process_executable();
	const char *other = *foreign->object ? foreign->object : process_executable();

	log_warn_once(WARNING_SECOND_SQLITE, connection->path,
		      "DANGER: two copies of SQLite in this process, in %s and in %s, have %s open. Locks do not hold between "
		      "them, so that they can damage it, with this library or without; it is kept from WAL and mmap where it is "
		      "not in WAL mode yet, and where it is, one copy waits for the other. Have the program use one copy",
		      one, other, connection->path);
}

void same_file_look(struct connection *connection, bool shared_cache)
{
	struct same_file same = {.joined = connection, .shared = shared_cache};
	struct stat status;

	connection->file = sqlite_file(connection->sqlite, connection->db, "main");
	if (*connection->path && glibc_stat(connection->path, &status) == 0) {
		connection->device = status.st_dev;
		atomic_store(&connection->inode, status.st_ino);
	}
	if (connection->file && *connection->path) {
		/* first: of two that are opened at once, one finds the other */
		registry_note_file(connection);
		registry_visit_peers(PEERS_BY_FILE, (uintptr_t)connection->file, mark_same_file, &same);
		registry_visit_peers(PEERS_BY_INODE, connection->inode, mark_same_inode, &same);
	}
	connection->shared_cache |= same.shared;
	if (same.foreign || same.renamed)
		leave_wal(connection);
	if (same.foreign)
		warn_of_two_copies(connection, same.foreign);
}
