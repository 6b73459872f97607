/* unread_files.c - finds the connections that have not read a file yet, one after the other, and applies what is due at their first
 * use: with it SQLite opens the -wal. */
#include "policy/unread_files.h"

#include "base/guard.h"
#include "base/signals.h"
#include "connection/registry.h"
#include "locking/file_shim.h"
#include "locking/inherited_locks.h"
#include "locking/open_databases.h"
#include "policy/first_use.h"
#include "policy/wal.h"

#include <unistd.h>

struct search {
	ino_t inode; /* 0: any */
	pid_t pid;
	struct connection *connection; /* locked; NULL if none was found */
	sqlite3_mutex *mutex;
};

/* Does it wait for its first use, and can have it now? A statement of its own that runs may be what moves the file. */
static bool is_unread(struct connection *connection, const struct search *search)
{
	const struct sqlite *sqlite = connection->sqlite;

	return connection->setup == SETUP_OPENED && !connection->passthrough && !connection->key_pending &&
	       file_shim_serves(connection) && sqlite_is_idle(sqlite, connection->db) &&
	       (connection->pid == search->pid || inherited_locks_are_usable(search->pid)) &&
	       wal_read_header(connection) == WAL_YES;
}

static bool see_connection(struct connection *connection, void *argument)
{
	struct search *search = argument;
	const struct sqlite *sqlite = connection->sqlite;
	sqlite3_mutex *mutex;

	if (connection->closing || !connection->shim || (search->inode && connection->shim->files.inode != search->inode) ||
	    !sqlite->next_stmt || !sqlite_try_mutex(sqlite, connection->db, file_shim_is_of_this_thread(connection->shim), &mutex))
		return true;
	if (is_unread(connection, search)) {
		search->connection = connection;
		search->mutex = mutex;
		return false;
	}
	if (mutex)
		sqlite->mutex_leave(mutex);
	return true;
}

static void see_any(struct connection *connection, void *argument)
{
	if (!((struct search *)argument)->connection)
		see_connection(connection, argument);
}

static void use(ino_t inode)
{
	struct search search = {.inode = inode, .pid = getpid()};
	bool used;

	guard_enter(NULL);
	do {
		search.connection = NULL;
		if (inode)
			registry_visit_peers(PEERS_BY_INODE, inode, see_connection, &search);
		else
			registry_visit(see_any, &search);
		used = false;
		if (search.connection) {
			first_use_at_open(search.connection);
			used = search.connection->setup != SETUP_OPENED;
			if (search.mutex)
				search.connection->sqlite->mutex_leave(search.mutex);
		}
	} while (used);
	guard_leave();
}

void unread_files_use(ino_t inode)
{
	if (guard_depth == 0 && open_databases_have_unread(inode))
		use(inode);
}

void unread_files_use_all(void)
{
	if (guard_depth == 0 && !signals_may_be_handled())
		use(0);
}
