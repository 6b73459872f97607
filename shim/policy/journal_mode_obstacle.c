/* journal_mode_obstacle.c - why the journal mode of a connection's main database stays as it is. */
#include "policy/journal_mode_obstacle.h"

#include "base/glibc.h"
#include "connection/outcome.h"
#include "connection/pragma.h"
#include "fs/storage.h"
#include "policy/rollback_journal.h"
#include "policy/wal.h"

#include <sys/resource.h>
#include <sys/stat.h>

#define WAL_ROOM ((rlim_t)128 << 20)

/* A write beyond RLIMIT_FSIZE kills the process, and a WAL outgrows a small database by far: it grows to 1000 pages of at most 64
 * KiB, and holds whole transactions. */
static bool has_room_for_wal(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= WAL_ROOM;
}

/* SQLite itself refuses WAL for such a database, except 3.8.9. */
static bool is_without_locks(const struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;
	const char *name = sqlite->db_filename ? sqlite->db_filename(connection->db, "main") : NULL;

	return name && *name && sqlite->uri_boolean && sqlite->uri_boolean(name, "nolock", 0);
}

/* -wal and -shm are named after the name that the file was opened by: a connection by another name has others, and they lose each
 * other's transactions (sqlite.org/howtocorrupt.html, "Multiple links to the same file"). Before 3.10 a symbolic link has the same
 * effect. */
static bool has_several_names(const struct connection *connection)
{
	struct stat status;

	return glibc_lstat(connection->path, &status) == 0 && (S_ISLNK(status.st_mode) || status.st_nlink > 1);
}

/* Such a database's VFS has no shared memory. */
static bool lacks_wal(struct connection *connection)
{
	char answer[4];

	return pragma_run(connection, "SELECT sqlite_compileoption_used('OMIT_WAL')", answer, sizeof(answer)) == SQLITE_OK &&
	       answer[0] == '1';
}

/* Files of another VFS have no shim (busy_handler.c). SQLite before 3.12 does not say which VFS it is, and none of its files has
 * one. */
static bool lacks_shim(const struct connection *connection)
{
	return !connection->shim && !connection->shared_cache &&
	       (connection_is_embedded(connection) || sqlite_vfs_name(connection->sqlite, connection->db, "main"));
}

const char *journal_mode_obstacle(struct connection *connection, int64_t wanted)
{
	bool to_wal = wanted == JOURNAL_WAL;
	bool wal_by_recipe = to_wal && connection->outcomes[SETTING_JOURNAL_MODE].by == DECIDED_BY_RECIPE;
	const char *obstacle;

	if (to_wal && connection->storage.kind == STORAGE_SHARED)
		return "shared filesystem";
	if (wal_by_recipe && !has_room_for_wal())
		return "the limit on the size of files (RLIMIT_FSIZE) leaves no room for a WAL";
	if (sqlite_is_read_only(connection->sqlite, connection->db, "main"))
		return "the database is read-only";
	obstacle = to_wal ? outcome_other_copy(connection) : NULL;
	if (obstacle)
		return obstacle;
	if (wal_by_recipe && rollback_journal_is_of_peer(connection))
		return "the program sets a rollback journal by another connection";
	if (to_wal && is_without_locks(connection))
		return "it was opened with nolock=1";
	if (to_wal && has_several_names(connection))
		return "the file has several names, and in WAL mode who opens it by another one does not see its transactions";
	if (to_wal && !wal_has_shared_memory(connection))
		return lacks_wal(connection) ? "this SQLite was built without WAL"
					     : "the VFS has no shared memory, which WAL needs";
	if (to_wal && connection->exclusive && (connection_is_set_up(connection) || connection_is_embedded(connection)))
		return "the program locks exclusively";
	if (connection->reached == REACHED_NOT_UPGRADED)
		return "BEGIN cannot be upgraded in this SQLite, and WAL without that makes transactions fail";
	if (to_wal && lacks_shim(connection) && connection_is_embedded(connection))
		return "its transactions cannot reserve: this SQLite's VFS is not its own, and WAL without that makes transactions "
		       "fail";
	if (wal_by_recipe && lacks_shim(connection))
		return "the program has a VFS of its own, by which writes to a file that was moved would not be refused in WAL "
		       "mode";
	if (connection->busy.unknown)
		return "the connection was opened out of sight: the switch could wait for long";
	return NULL;
}

const char *journal_mode_passing_obstacle(struct connection *connection, bool to_wal)
{
	if (pragma_is_query_only(connection))
		return "PRAGMA query_only is on";
	if (!connection->storage.full || !to_wal)
		return NULL;
	storage_look(connection->path, &connection->storage);
	return connection->storage.full ? "the disk is nearly full" : NULL;
}
