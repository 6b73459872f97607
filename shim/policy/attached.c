/* attached.c - the databases that a program attached to a connection. */
#include "policy/attached.h"

#include "base/glibc.h"
#include "base/log.h"
#include "connection/pragma.h"
#include "fs/storage.h"
#include "locking/begin_kind.h"
#include "locking/begin_mode.h"
#include "locking/busy_handler.h"
#include "locking/file_shim.h"

#include <stdatomic.h>
#include <string.h>

/* SQLITE_MAX_ATTACHED is at most 125, plus main and temp. */
#define FILE_LIMIT 127

atomic_bool attached_any;

void attached_seen(struct connection *connection)
{
	connection->attached = ATTACHED_UNCHECKED;
	atomic_store_explicit(&attached_any, true, memory_order_relaxed);
}

struct files {
	dev_t device[FILE_LIMIT];
	ino_t inode[FILE_LIMIT];
	unsigned count;
};

/* Stops at a file that was seen before, compared by inode, which is what locks belong to. In-memory and temporary databases have no
 * file. */
static bool add_file(void *argument, const char *name, const char *path)
{
	struct files *files = argument;
	struct stat status;

	(void)name;
	if (!*path || glibc_stat(path, &status) != 0 || files->count == FILE_LIMIT)
		return true;
	for (unsigned i = 0; i < files->count; i++)
		if (files->device[i] == status.st_dev && files->inode[i] == status.st_ino)
			return false;
	files->device[files->count] = status.st_dev;
	files->inode[files->count++] = status.st_ino;
	return true;
}

bool attached_has_file_twice(struct connection *connection)
{
	struct files files;

	if (!connection->attached)
		return false;
	files.count = 0;
	return pragma_each_database(connection, add_file, &files) == SQLITE_ROW;
}

/* Each keeps its own journal mode, and is not mapped: mmap_size is set for the main database only. */
static void warn_if_shared(const char *path)
{
	struct storage storage;

	storage_look(path, &storage);
	if (storage.kind == STORAGE_SHARED)
		log_warn_once(
			WARNING_SHARED_STORAGE_ATTACHED, storage.mount,
			"%s is attached, and on a shared filesystem (%s at %s): it keeps its journal mode. If that is WAL, it can "
			"lose data when several machines use it: close it everywhere and run PRAGMA journal_mode=DELETE",
			path, storage.type, storage.mount);
}

static bool is_attached_file(const char *name, const char *path)
{
	return *path && strcmp(name, "main") != 0;
}

/* A shim does not learn of locks that are taken already, as by a backup or a blob, which no statement announces. */
static bool is_in_use(const struct connection *connection, const char *name)
{
	return connection->sqlite->txn_state && connection->sqlite->txn_state(connection->db, name) != SQLITE_TXN_NONE;
}

static bool look(void *argument, const char *name, const char *path)
{
	struct connection *connection = argument;

	if (!is_attached_file(name, path))
		return true;
	warn_if_shared(path);
	if (!is_in_use(connection, name))
		busy_handler_prepare_attached(connection, name, path);
	return true;
}

struct files_of_connection {
	const struct connection *connection;
	unsigned count;
	bool are_many;
};

static void note_many(struct file_shim *shim, void *argument)
{
	struct files_of_connection *files = argument;

	if (shim->db != files->connection->db)
		return;
	files->count++;
	shim->is_of_many = files->are_many;
}

void attached_look(struct connection *connection)
{
	struct files_of_connection files = {.connection = connection};

	connection->attached = ATTACHED_CHECKED;
	pragma_each_database(connection, look, connection);
	file_shim_each(note_many, &files);
	files.are_many = files.count > 1;
	file_shim_each(note_many, &files);
	connection_update_interest(connection);
}

static bool can_be_reserved(void *argument, const char *name, const char *path)
{
	const struct connection *connection = argument;
	const sqlite3_file *file;
	const struct file_shim *shim;

	if (!is_attached_file(name, path))
		return true;
	file = sqlite_file(connection->sqlite, connection->db, name);
	shim = file ? file_shim_find(file) : NULL;
	return shim && shim->db == connection->db && (shim->handoff.shm || wal_files_are_wal(&shim->files));
}

bool attached_can_be_reserved(struct connection *connection)
{
	return !connection->attached || pragma_each_database(connection, can_be_reserved, connection) == SQLITE_DONE;
}

struct policy {
	const struct connection *connection;
	enum reservation_policy policy;
	bool shares;
};

static void set_policy(struct file_shim *shim, void *argument)
{
	const struct policy *policy = argument;
	struct begin_kind *kind;

	if (shim->db != policy->connection->db || !shim->is_attached)
		return;
	kind = begin_kind_find(shim->begin_mode, "BEGIN");
	atomic_store_explicit(&shim->idle_lock.kind, kind, memory_order_relaxed);
	shim->reservation.policy = policy->policy;
	shim->reservation.shares = policy->shares && !begin_mode_reserves(shim->begin_mode) && !begin_kind_reads(kind);
}

void attached_set_policy(const struct connection *connection, enum reservation_policy policy, bool shares)
{
	struct policy wanted = {connection, policy == READ_LOCKED ? READ_FREELY : policy, shares};

	if (connection->attached)
		file_shim_each(set_policy, &wanted);
}
