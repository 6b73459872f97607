/* wal.c - tests whether WAL works for a database, and switches back if it does not. */
#include "policy/wal.h"

#include "base/glibc.h"
#include "connection/pragma.h"
#include "locking/file_shim.h"
#include "locking/futex.h"
#include "locking/inherited_locks.h"
#include "locking/last_close.h"
#include "policy/apply.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The header before the read and write versions: sqlite.org/fileformat.html#the_database_header */
static const char magic[16] = "SQLite format 3";
/* The part of a -shm that SQLite maps first: sqlite.org/walformat.html#the_wal_index_file_format */
#define MEMORY_SIZE 32768

/* A connection that has locked the file for reading keeps trying so often, after so many nanoseconds, to have it alone. */
#define ALONE_TRIES 3
#define ALONE_PAUSE 1000000

static sqlite3_file *file_of(const struct connection *connection)
{
	/* the shim knows, and SQLite would have to search */
	if (file_shim_serves(connection))
		return connection->shim->file;
	return sqlite_file(connection->sqlite, connection->db, "main");
}

bool wal_has_shared_memory(const struct connection *connection)
{
	const sqlite3_file *file = file_of(connection);

	return !file || (file->pMethods->iVersion >= 2 && file->pMethods->xShmMap);
}

enum wal_header wal_read_header(const struct connection *connection)
{
	sqlite3_file *file = file_of(connection);
	unsigned char header[20];
	int rc = file ? file->pMethods->xRead(file, header, sizeof(header), 0) : SQLITE_ERROR;

	if (rc == SQLITE_IOERR_SHORT_READ)
		return header[0] ? WAL_UNKNOWN : WAL_NO; /* a read past the end returns zeros */
	if (rc != SQLITE_OK || memcmp(header, magic, sizeof(magic)) != 0)
		return WAL_UNKNOWN;
	/* the version that it takes to read: SQLite does not ask for the other one */
	return header[19] == 2 ? WAL_YES : WAL_NO;
}

bool wal_has_writer(const struct connection *connection)
{
	sqlite3_file *file = file_of(connection);
	int reserved = 0;

	return file && file->pMethods->xCheckReservedLock(file, &reserved) == SQLITE_OK && reserved;
}

bool wal_is_mapped(const struct connection *connection)
{
	return file_shim_serves(connection) && connection->shim->handoff.shm;
}

/* A left-over -wal may belong to another user. */
static bool wal_file_is_usable(const char *path)
{
	/* on the heap: a thread may have a stack just large enough for SQLite */
	char *name = malloc(strlen(path) + sizeof("-wal"));
	struct stat status;
	bool usable;

	if (!name)
		return false;
	stpcpy(stpcpy(name, path), "-wal");
	if (glibc_stat(name, &status) != 0)
		usable = errno == ENOENT;
	else
		usable = S_ISREG(status.st_mode) && euidaccess(name, R_OK | W_OK) == 0;
	free(name);
	return usable;
}

/* This VFS has its wal-index on the heap instead of in a -shm: sqlite.org/vfs.html */
static bool is_exclusive_vfs(const struct connection *connection)
{
	const char *vfs = sqlite_vfs_name(connection->sqlite, connection->db, "main");

	return vfs && strcmp(vfs, "unix-excl") == 0;
}

/* SQLite's own methods, not the shim's: these locks are none of a transaction. */
static const sqlite3_io_methods *methods_of(const sqlite3_file *file)
{
	const struct file_shim *shim = file_shim_find(file);

	return shim ? shim->original : file->pMethods;
}

/* As SQLite locks a file before it plays a journal back: RESERVED would tell others that there is none to be played back. Who waits
 * with PENDING keeps new readers away; not for long, as it may be another connection that has it. */
static int try_alone(sqlite3_file *file, const sqlite3_io_methods *methods)
{
	int rc = methods->xLock(file, SQLITE_LOCK_SHARED);

	if (rc != SQLITE_OK)
		return rc;
	for (int i = 0; i < ALONE_TRIES; i++) {
		rc = methods->xLock(file, SQLITE_LOCK_EXCLUSIVE);
		if (rc != SQLITE_BUSY)
			break;
		monotonic_sleep(monotonic_now() + ALONE_PAUSE);
	}
	if (rc != SQLITE_OK)
		methods->xUnlock(file, SQLITE_LOCK_NONE);
	return rc;
}

static int lock_alone(const struct connection *connection, sqlite3_file *file, int patience)
{
	const sqlite3_io_methods *methods = methods_of(file);
	int64_t now = monotonic_now(), until = now + (int64_t)patience * 1000000;
	int rc = try_alone(file, methods);

	for (; rc == SQLITE_BUSY && now < until && wal_read_header(connection) == WAL_NO; now = monotonic_now()) {
		monotonic_sleep(now + ALONE_PAUSE);
		rc = try_alone(file, methods);
	}
	return rc;
}

/* The -shm that was not there before goes again. */
static int try_map(const struct connection *connection, sqlite3_file *file)
{
	char *name = wal_files_join(connection->path, "-shm");
	struct stat status;
	bool was_there = !name || glibc_lstat(name, &status) == 0;
	void volatile *memory = NULL;
	int rc = file->pMethods->xShmMap(file, 0, MEMORY_SIZE, 1, &memory);

	file->pMethods->xShmUnmap(file, !was_there);
	free(name);
	return (rc & 0xff) == SQLITE_BUSY ? SQLITE_OK : rc;
}

/* Has the connection no lock on the file? It has one while it reads, and then SQLite does not change the mode. */
static bool is_unlocked(sqlite3_file *file)
{
	int level = SQLITE_LOCK_NONE;

	return file->pMethods->xFileControl(file, SQLITE_FCNTL_LOCKSTATE, &level) != SQLITE_OK || level == SQLITE_LOCK_NONE;
}

int wal_try_files(const struct connection *connection, int patience)
{
	sqlite3_file *file = file_of(connection);
	int rc;

	/* it works: another file was copied over this one if the header denies it, and SQLite goes on reading what is mapped */
	if (wal_is_mapped(connection))
		return SQLITE_OK;
	if (!wal_file_is_usable(connection->path))
		return SQLITE_CANTOPEN;
	if (!file || file->pMethods->iVersion < 2 || !file->pMethods->xShmMap || !file->pMethods->xShmUnmap ||
	    is_exclusive_vfs(connection) || !is_unlocked(file))
		return SQLITE_OK;
	rc = lock_alone(connection, file, patience);
	/* another error the switch itself will have too */
	if (rc != SQLITE_OK)
		return rc == SQLITE_BUSY && wal_read_header(connection) == WAL_NO ? SQLITE_BUSY : SQLITE_OK;
	if (wal_read_header(connection) == WAL_NO)
		rc = try_map(connection, file);
	methods_of(file)->xUnlock(file, SQLITE_LOCK_NONE);
	return rc;
}

/* Takes the write lock and releases it. The statement that releases it is prepared first: if memory ran out afterwards, the program
 * would continue inside a transaction that it does not know of, and lose all its changes. */
static int lock_and_release(struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;
	sqlite3_stmt *rollback = NULL;
	int rc = SQLITE_OK;

	if (sqlite->prepare_v2(connection->db, "ROLLBACK", -1, &rollback, NULL) == SQLITE_OK) {
		rc = pragma_run_raw(connection, "BEGIN IMMEDIATE", NULL, 0);
		for (int i = 0; i < 3 && !sqlite->get_autocommit(connection->db); i++)
			sqlite->step(rollback);
	}
	sqlite->finalize(rollback);
	return rc;
}

int wal_try_lock(struct connection *connection)
{
	/* BEGIN IMMEDIATE would lock the attached databases too */
	int rc = connection->attached ? pragma_run_raw(connection, "PRAGMA main.schema_version", NULL, 0)
				      : lock_and_release(connection);

	switch (rc & 0xff) {
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
	case SQLITE_FULL:
	case SQLITE_PERM:
	case SQLITE_PROTOCOL:
		return rc;
	default:
		return SQLITE_OK;
	}
}

void wal_undo(struct connection *connection)
{
	char mode[16];

	/* if the -shm is what fails, this closes the -wal only */
	if (pragma_run_raw(connection, "PRAGMA main.journal_mode=delete", NULL, 0) == SQLITE_OK)
		return;
	if (pragma_run_raw(connection, "PRAGMA main.locking_mode", mode, sizeof(mode)) != SQLITE_OK || strcmp(mode, "normal") != 0)
		return;
	/* sqlite.org/wal.html#use_of_wal_without_shared_memory */
	pragma_run_raw(connection, "PRAGMA main.locking_mode=exclusive", NULL, 0);
	pragma_run_raw(connection, "PRAGMA main.journal_mode=delete", NULL, 0);
	pragma_run_raw(connection, "PRAGMA main.locking_mode=normal", NULL, 0);
	/* the next read releases a lock that was kept */
	pragma_run_raw(connection, "PRAGMA main.schema_version", NULL, 0);
}

void wal_note_decider(const struct connection *connection)
{
	const struct outcome *outcome = &connection->outcomes[SETTING_JOURNAL_MODE];

	if (connection->shim && connection->shim->db)
		wal_files_set_by_recipe(&connection->shim->files, outcome->got == JOURNAL_WAL &&
									  outcome->by != DECIDED_BY_PROGRAM &&
									  outcome->by != DECIDED_BY_NOBODY);
}

void wal_copy_left(struct connection *connection)
{
	struct file_shim *shim = connection->shim;

	if (!file_shim_serves(connection) || !shim->files.left || !shim->files.by_recipe)
		return;
	shim->files.left = false;
	pragma_run_raw(connection, "PRAGMA main.wal_checkpoint(TRUNCATE)", NULL, 0);
}

/* SQLite copies nothing as it closes a file that was moved, and without a shim nobody else does (wal_files.h). Not where another
 * file has its name: the -wal may be that one's too. */
static bool is_moved_away(const struct connection *connection)
{
	struct stat status;
	int saved = errno;
	bool moved = !connection->shim && connection->inode && glibc_lstat(connection->path, &status) != 0 && errno == ENOENT;

	errno = saved;
	return moved;
}

/* Another file has its name: SQLite leaves the -wal there, as that one may use it by now, and would replay it. */
static bool is_moved_over(const struct connection *connection)
{
	const struct file_shim *shim = connection->shim;
	struct stat status;

	return file_shim_serves(connection) && shim->handoff.shm && shim->files.by_recipe && wal_files_moved(shim) &&
	       glibc_stat(shim->files.path, &status) == 0;
}

static bool is_left_to_forked(const struct connection *connection)
{
	const struct file_shim *shim = connection->shim;

	return file_shim_serves(connection) && shim->handoff.shm && shim->files.by_recipe && inherited_locks_are_held() &&
	       !wal_files_may_be_anothers(shim);
}

void wal_copy_before_close(struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;

	if (is_moved_over(connection)) {
		apply_empty_wal(connection);
		if (!sqlite->get_autocommit(connection->db))
			last_close_clear_name(connection->shim);
	}
	if ((is_left_to_forked(connection) || is_moved_away(connection)) && sqlite->wal_checkpoint_v2 &&
	    sqlite->get_autocommit(connection->db) && sqlite_checkpoint(sqlite, connection->db) != SQLITE_OK)
		sqlite_forget_error(sqlite, connection->db);
}
