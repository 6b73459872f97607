/* idle_copy.c - the handle, and the methods in front of its file. */
#include "locking/idle_copy.h"

#include "base/guard.h"
#include "connection/error_log.h"
#include "locking/file_shim.h"
#include "locking/open_databases.h"
#include "locking/wal_index.h"
#include "sqlite/io_methods.h"
#include "sqlite/probe.h"
#include "sqlite/unix_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

/* SQLite's file object leads here while ours is open; only one is at a time. */
struct own_file {
	sqlite3_io_methods methods; /* first */
	const sqlite3_io_methods *original;
	sqlite3_file *file;
	struct reset_guard guard;
	const char *shm; /* SQLite's mapping */
	const struct open_database *database;
	const struct idle_file *from;
	enum idle_outcome outcome;
};

static struct own_file *own_of(sqlite3_file *file)
{
	return (struct own_file *)(uintptr_t)file->pMethods;
}

static int own_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
	struct own_file *own = own_of(file);
	bool locks = (flags & SQLITE_SHM_LOCK) != 0;
	int rc = own->original->xShmLock(file, offset, n, flags);

	if (offset == WAL_CHECKPOINT_LOCK && n == 1)
		reset_guard_checkpoint_lock(&own->guard, own->shm, locks && rc == SQLITE_OK);
	if (offset != WAL_BACKFILL_LOCK || n != 1 || !locks || !(flags & SQLITE_SHM_EXCLUSIVE) || rc != SQLITE_OK ||
	    !reset_guard_refuses(&own->guard, own->shm))
		return rc;
	own->original->xShmLock(file, offset, n, SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE);
	return SQLITE_BUSY;
}

static int own_close(sqlite3_file *file)
{
	file->pMethods = own_of(file)->original;
	return file->pMethods->xClose(file);
}

/* Is it the database that is meant, and the unix VFS's? */
static bool put_methods(struct own_file *own, const struct sqlite *sqlite, sqlite3 *db)
{
	struct unix_file found;

	own->file = sqlite_file(sqlite, db, "main");
	own->original = own->file ? own->file->pMethods : NULL;
	if (!own->original || own->original->iVersion < 2 || !own->original->xShmMap || !unix_file_find(own->file, &found) ||
	    found.inode != atomic_load(&own->database->inode) || found.device != atomic_load(&own->database->device))
		return false;
	io_methods_copy(&own->methods, own->original);
	own->methods.xShmLock = own_shm_lock;
	own->methods.xClose = own_close;
	own->file->pMethods = &own->methods;
	return true;
}

/* SQLite opens the -wal at the first read. What is committed meanwhile is the next copy's. */
static enum idle_outcome copy_by(struct own_file *own, const struct sqlite *sqlite, sqlite3 *db)
{
	uint32_t frames;

	if (own->from->unsynced)
		sqlite->exec(db, "PRAGMA synchronous=OFF", NULL, NULL, NULL);
	if (sqlite->exec(db, "PRAGMA schema_version", NULL, NULL, NULL) != SQLITE_OK)
		return IDLE_HINDERED;
	own->shm = (const char *)(uintptr_t)file_shim_map_of(own->file, own->original, own->from->path);
	if (!own->shm)
		return IDLE_OVER;
	frames = wal_index_frames(own->shm);
	if (wal_index_backfilled(own->shm) < frames)
		sqlite->wal_checkpoint_v2(db, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	/* who has started the -wal anew had found it copied */
	return wal_index_backfilled(own->shm) >= frames || wal_index_frames(own->shm) < frames ? IDLE_COPIED : IDLE_HINDERED;
}

static void copy(const struct sqlite *sqlite, sqlite3 *db, void *argument)
{
	struct own_file *own = argument;

	own->outcome = put_methods(own, sqlite, db) ? copy_by(own, sqlite, db) : IDLE_OVER;
}

static bool is_in_place(const struct open_database *database, const char *path)
{
	char *wal = wal_files_join(path, "-wal");
	bool there = wal && wal_files_name_is(AT_FDCWD, path, atomic_load(&database->inode)) &&
		     wal_files_name_is(AT_FDCWD, wal, atomic_load(&database->wal));

	free(wal);
	return there;
}

enum idle_outcome idle_copy(const struct open_database *database, const struct idle_file *file)
{
	const struct sqlite *sqlite = file->sqlite;
	struct own_file own = {.database = database, .from = file, .outcome = IDLE_HINDERED};
	int saved = errno;

	/* nobody unloads it meanwhile, nor closes the last connection: idle_wal_exclude() */
	if (!loader_is_still(&sqlite->loaded, (const void *)(uintptr_t)sqlite->libversion) ||
	    atomic_load(&database->with_wal) == 0 || !is_in_place(database, file->path))
		return IDLE_OVER;
	guard_enter(NULL);
	error_log_suspend();
	probe_run_beside(sqlite, file->path, IDLE_COPY_VFS, copy, &own);
	error_log_resume();
	guard_leave();
	errno = saved;
	return own.outcome;
}
