/* wal_methods.c - SQLite's methods of the -wal, with ours in front. */
#include "locking/wal_methods.h"

#include "connection/registry.h"
#include "locking/file_shim.h"
#include "sqlite/io_methods.h"

#include <stddef.h>

static struct file_shim *shim_of_wal(sqlite3_file *wal)
{
	char *methods = (char *)(uintptr_t)wal->pMethods;

	return (struct file_shim *)(void *)(methods - offsetof(struct file_shim, wal_methods) -
					    offsetof(struct wal_methods, methods));
}

static int wal_write(sqlite3_file *wal, const void *data, int size, sqlite3_int64 offset)
{
	struct file_shim *shim = shim_of_wal(wal);

	if (offset == 0)
		group_commit_header_written(shim);
	return wal_frames_write(shim, data, size, offset);
}

static int wal_read(sqlite3_file *wal, void *data, int size, sqlite3_int64 offset)
{
	return wal_frames_read(shim_of_wal(wal), data, size, offset);
}

static int wal_truncate(sqlite3_file *wal, sqlite3_int64 size)
{
	struct file_shim *shim = shim_of_wal(wal);
	int rc = wal_frames_flush(shim);

	return rc == SQLITE_OK ? shim->wal_methods.original->xTruncate(wal, size) : rc;
}

static int wal_sync(sqlite3_file *wal, int flags)
{
	struct file_shim *shim = shim_of_wal(wal);
	int rc = wal_frames_flush(shim);

	return rc == SQLITE_OK ? group_commit_sync(shim, flags) : rc;
}

static int wal_size(sqlite3_file *wal, sqlite3_int64 *size)
{
	struct file_shim *shim = shim_of_wal(wal);
	int rc = wal_frames_flush(shim);

	return rc == SQLITE_OK ? shim->wal_methods.original->xFileSize(wal, size) : rc;
}

static int wal_control(sqlite3_file *wal, int operation, void *argument)
{
	struct file_shim *shim = shim_of_wal(wal);
	int rc = wal_frames_flush(shim);

	return rc == SQLITE_OK ? shim->wal_methods.original->xFileControl(wal, operation, argument) : rc;
}

/* What is not written yet belongs to no transaction that has committed. */
static int wal_close(sqlite3_file *wal)
{
	wal_methods_forget(shim_of_wal(wal));
	return wal->pMethods->xClose(wal);
}

/* In a shared cache another connection may be the one that writes, and SQLite would wait for the mutex of this one. */
static sqlite3_file *find_wal(const struct file_shim *shim)
{
	const struct connection *connection = registry_find(shim->db);
	const struct sqlite *sqlite = shim->sqlite;
	sqlite3_file *wal = NULL;

	if (shim->is_attached || !connection || connection->shared_cache || !sqlite->file_control ||
	    sqlite->file_control(shim->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal) != SQLITE_OK)
		return NULL;
	return wal && wal->pMethods ? wal : NULL;
}

static void wrap(struct file_shim *shim)
{
	struct wal_methods *methods = &shim->wal_methods;
	sqlite3_file *wal = find_wal(shim);
	const sqlite3_io_methods *real;

	methods->is_hidden = !wal;
	if (!wal)
		return;
	real = wal->pMethods;
	io_methods_copy(&methods->methods, real);
	methods->methods.xClose = wal_close;
	methods->methods.xRead = wal_read;
	methods->methods.xWrite = wal_write;
	methods->methods.xTruncate = wal_truncate;
	methods->methods.xSync = wal_sync;
	methods->methods.xFileSize = wal_size;
	methods->methods.xFileControl = wal_control;
	methods->original = real;
	methods->wal = wal;
	wal->pMethods = &methods->methods;
	/* of an earlier one SQLite has synced it in the same commit */
	shim->group_commit.header_written = false;
}

void wal_methods_write_locked(struct file_shim *shim)
{
	struct wal_methods *methods = &shim->wal_methods;

	/* SQLite also takes the lock to checkpoint, and to read the WAL anew after a crash */
	if (!shim->has_read_lock || shim->reset_guard.checkpoints)
		return;
	if (!methods->wal && !methods->is_hidden)
		wrap(shim);
	/* another VFS may look at what it is given */
	if (methods->wal && shim->files.shm_fd >= 0)
		wal_frames_begin(&methods->frames);
}

void wal_methods_write_unlocked(struct file_shim *shim)
{
	wal_frames_end(&shim->wal_methods.frames);
}

void wal_methods_forget(struct file_shim *shim)
{
	struct wal_methods *methods = &shim->wal_methods;

	wal_frames_end(&methods->frames);
	if (methods->wal)
		methods->wal->pMethods = methods->original;
	methods->wal = NULL;
	methods->original = NULL;
	group_commit_forget(shim);
}
