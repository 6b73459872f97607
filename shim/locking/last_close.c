/* last_close.c - what SQLite is answered before it deletes a -wal, and what becomes of both files. */
#include "locking/last_close.h"

#include "base/glibc.h"
#include "connection/registry.h"
#include "locking/fcntl_lock.h"
#include "locking/file_shim.h"
#include "locking/kept_files.h"
#include "locking/kept_locks.h"
#include "locking/open_databases.h"
#include "locking/wal_index.h"
#include "locking/wal_names.h"
#include "locking/wal_readers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* May another database by the old name use this file's -wal? */
static bool is_shared(const struct wal_files *files)
{
	struct stat status;
	char *name;
	bool shared;

	if (!files->wal)
		return true;
	if (glibc_stat(files->path, &status) != 0)
		return false;
	name = wal_files_join(files->path, "-wal");
	shared = !name || wal_files_name_is(AT_FDCWD, name, files->wal);
	free(name);
	return shared;
}

static void answer_moved(struct file_shim *shim, int *moved)
{
	struct wal_files *files = &shim->files;
	int saved = errno;

	files->closing = true;
	if (*moved && !is_shared(files))
		*moved = 0;
	else if (!*moved && wal_files_have_other_shm(shim))
		*moved = 1;
	errno = saved;
}

/* Frees the name. */
static void remove_if_same(char *name, ino_t inode)
{
	if (name && wal_files_name_is(AT_FDCWD, name, inode))
		unlink(name);
	free(name);
}

static void remove_both(const struct wal_files *files, const char *path)
{
	remove_if_same(wal_files_join(path, "-wal"), files->wal);
	remove_if_same(wal_files_join(path, "-shm"), files->shm);
}

/* By the name that the -shm has now. */
static void remove_both_by_descriptor(const struct wal_files *files)
{
	char *name = wal_files_name_of(files->shm_fd);
	size_t length = name ? strlen(name) : 0;

	if (length > 4 && strcmp(name + length - 4, "-shm") == 0) {
		name[length - 4] = '\0';
		remove_both(files, name);
	}
	free(name);
}

/* Is that file by the name that the database has now? It goes there if it is still by the old one: nobody can have another there,
 * as SQLite holds the exclusive lock. */
static bool follow(const struct wal_files *files, const char *path, const char *suffix, ino_t inode)
{
	char *old = wal_files_join(files->path, suffix), *new = wal_files_join(path, suffix);
	bool there = old && new &&wal_files_name_is(AT_FDCWD, new, inode);
	struct stat status;

	if (old && new && !there && wal_files_name_is(AT_FDCWD, old, inode) && glibc_lstat(new, &status) != 0)
		there = rename(old, new) == 0;
	free(old);
	free(new);
	return there;
}

/* All of the -wal is in the file, and SQLite holds the exclusive lock. With journal_size_limit=-1 it would leave the frames there:
 * of a backup that then takes the file's place they would be taken for changes. False if they cannot be cut off, and it must go. */
static bool keep(const struct wal_files *files, const char *path)
{
	char *wal = wal_files_join(path, "-wal");
	bool is_cut = wal && (!wal_files_name_is(AT_FDCWD, wal, files->wal) || truncate(wal, 0) == 0);

	free(wal);
	if (is_cut)
		kept_files_note(files, path);
	return is_cut;
}

/* By the name that the file has now; false where nobody needs them there, and they are removed. */
static bool keep_moved(const struct wal_files *files)
{
	char *path = wal_files_name_of(files->fd);
	bool kept = false;

	if (path && wal_files_name_is(AT_FDCWD, path, files->inode)) {
		bool wal = follow(files, path, "-wal", files->wal), shm = follow(files, path, "-shm", files->shm);

		kept = wal && shm && wal_readers_need_files(files, path) && keep(files, path);
		if (!kept)
			remove_both(files, path);
	}
	free(path);
	return kept;
}

/* SQLite holds the exclusive lock and has copied all of the -wal into the file: it is about to delete both by their old names, and
 * is kept from it, as these may be another file's. They go here, by whatever name they have now. */
static void remove_moved(const struct wal_files *files)
{
	remove_both(files, files->path);
	remove_if_same(wal_files_aside(files->path, files->wal), files->wal);
	remove_both_by_descriptor(files);
}

/* The other copy of SQLite may have opened the -wal, and would write to a deleted one. */
static bool is_in_two_copies(const struct file_shim *shim)
{
	const struct connection *connection = registry_find(shim->db);

	return connection && connection->in_two_copies;
}

static void answer_persist(struct file_shim *shim, int *persist)
{
	struct wal_files *files = &shim->files;
	int saved = errno;

	if (wal_files_moved(shim)) {
		if (!files->closing || !files->by_recipe || !keep_moved(files))
			remove_moved(files);
		*persist = 1;
	} else if (is_in_two_copies(shim)) {
		*persist = 1;
	} else if (files->closing && files->by_recipe && wal_readers_need_files(files, files->path) && keep(files, files->path)) {
		*persist = 1;
	}
	errno = saved;
}

int last_close_control(struct file_shim *shim, sqlite3_file *file, int operation, void *argument)
{
	bool asks = operation == SQLITE_FCNTL_PERSIST_WAL && *(const int *)argument < 0;
	int rc = shim->original->xFileControl(file, operation, argument);

	if (rc != SQLITE_OK || !shim->files.path || !shim->handoff.shm)
		return rc;
	if (operation == SQLITE_FCNTL_HAS_MOVED)
		answer_moved(shim, argument);
	else if (asks && !*(const int *)argument)
		answer_persist(shim, argument);
	return rc;
}

/* Who has another file by the old name may use the -shm. */
static bool is_used(struct file_shim *shim)
{
	struct wal_files *files = &shim->files;
	struct flock found;

	return kept_locks_others_are_there(files) || (files->database && atomic_load(&files->database->with_wal) > 1) ||
	       (files->kept && !kept_locks_drop(files)) ||
	       fcntl_lock_find(files->shm_fd, F_GETLK, F_WRLCK, DEAD_MAN_SWITCH, 1, &found);
}

void last_close_clear_name(struct file_shim *shim)
{
	const struct wal_files *files = &shim->files;
	bool is_ours = wal_files_moved(shim) && !wal_files_may_be_anothers(shim);
	char *name = is_ours ? wal_files_join(files->path, "-wal") : NULL;

	if (name && wal_files_name_is(AT_FDCWD, name, files->wal) && !is_used(shim)) {
		if (wal_index_backfilled(shim->handoff.shm) != wal_index_frames(shim->handoff.shm))
			wal_names_set_aside(shim, files->wal, "the file that was here before has moved");
		else
			remove_both(files, files->path);
	}
	free(name);
}
