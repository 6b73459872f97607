/* wal_copy.c - copies a -wal, and puts the copy in its place. */
#include "locking/wal_copy.h"

#include "base/glibc.h"
#include "base/log.h"
#include "base/path.h"
#include "locking/file_shim.h"
#include "locking/holders.h"
#include "locking/kept_locks.h"
#include "locking/wal_alone.h"
#include "locking/wal_index.h"
#include "locking/wal_names.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK ((size_t)1 << 16)

static bool is_unwritable(const struct file_shim *shim, const char *suffix)
{
	return !wal_names_are_read_only(shim) && !wal_alone_may_write(shim->files.path, suffix);
}

/* Does a process use the -shm, as one that has the file open which had this name before? By SQLite's own methods: whoever closes a
 * descriptor of the -shm gives up all locks on it. Before 3.22 they open none that cannot be written. */
static bool is_index_used(const struct file_shim *shim, sqlite3_file *file)
{
	void volatile *memory = NULL;
	struct stat shm;
	pid_t one = 0;
	int rc;

	if (!wal_alone_finds(shim->files.path, "-shm", &shm))
		return false;
	rc = shim->original->xShmMap(file, 0, WAL_INDEX_PAGE, 0, &memory);
	shim->original->xShmUnmap(file, 0);
	if (rc == SQLITE_CANTOPEN)
		return holders_find(shim->files.device, shm.st_ino, DEAD_MAN_SWITCH, shim->files.inode, &one) != HOLDERS_UNKNOWN ||
		       one != 0;
	return memory || (rc != SQLITE_OK && rc != SQLITE_READONLY_CANTINIT);
}

void wal_copy_remove_index(const struct file_shim *shim, sqlite3_file *file)
{
	if (!is_unwritable(shim, "-shm"))
		return;
	if (wal_alone_lock(shim, file) == SQLITE_OK && !is_index_used(shim, file))
		wal_alone_remove_index(shim);
	shim->original->xUnlock(file, SQLITE_LOCK_SHARED);
}

static bool write_all(int fd, const char *bytes, size_t size)
{
	ssize_t wrote;

	while (size > 0) {
		wrote = write(fd, bytes, size);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			return false;
		bytes += wrote;
		size -= (size_t)wrote;
	}
	return true;
}

static bool copy_bytes(int from, int to)
{
	char *chunk = malloc(CHUNK);
	ssize_t size = chunk ? 1 : -1;

	while (size > 0) {
		size = read(from, chunk, CHUNK);
		if (size < 0 && errno == EINTR)
			size = 1;
		else if (size > 0 && !write_all(to, chunk, (size_t)size))
			size = -1;
	}
	free(chunk);
	return size == 0;
}

/* With the mode of the database, and the times of the -wal: by those it is judged later (wal_content.h). */
static bool copy(const struct file_shim *shim, const char *name, const char *fresh)
{
	/* no lock is ever taken on a -wal, so none is lost by closing it */
	int from = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY), to = -1;
	struct stat wal, database;
	bool ok = from >= 0 && glibc_fstat(from, &wal) == 0 && S_ISREG(wal.st_mode) && glibc_fstat(shim->files.fd, &database) == 0;

	if (ok)
		to = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
	ok = to >= 0 && copy_bytes(from, to) && fchmod(to, database.st_mode & 0777) == 0 &&
	     futimens(to, (struct timespec[]){wal.st_atim, wal.st_mtim}) == 0 && fsync(to) == 0;
	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
	if (to >= 0 && !ok)
		unlink(fresh);
	return ok;
}

/* What is committed by the new name must not go with it. */
static void sync_folder(char *name)
{
	int folder;

	if (!path_cut_name(name))
		return;
	folder = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder >= 0) {
		fsync(folder);
		close(folder);
	}
}

static bool replace(const struct file_shim *shim, ino_t wal)
{
	char suffix[40], *name, *fresh;
	bool ok;

	snprintf(suffix, sizeof(suffix), "-wal.copy-%llu", (unsigned long long)wal);
	name = wal_files_join(shim->files.path, "-wal");
	fresh = wal_files_join(shim->files.path, suffix);
	/* one that was killed may have left a part */
	ok = name && fresh && (unlink(fresh) == 0 || errno == ENOENT) && copy(shim, name, fresh);
	if (ok && rename(fresh, name) != 0) {
		unlink(fresh);
		ok = false;
	}
	if (ok)
		sync_folder(name);
	free(name);
	free(fresh);
	return ok;
}

void wal_copy_replace(const struct file_shim *shim, sqlite3_file *file)
{
	const char *path = shim->files.path;
	struct stat wal;
	bool ok = false, there = true;

	if (!is_unwritable(shim, "-wal"))
		return;
	if (wal_alone_lock(shim, file) == SQLITE_OK) {
		there = !is_index_used(shim, file) && wal_alone_finds(path, "-wal", &wal);
		ok = there && replace(shim, wal.st_ino);
	}
	shim->original->xUnlock(file, SQLITE_LOCK_SHARED);
	if (!ok && there && wal_alone_finds(path, "-wal", &wal))
		log_warn_once(
			WARNING_LEFT_WAL, path,
			"%s cannot be written: %s-wal, which a killed program left, belongs to user %u. Give it and -shm to the "
			"user of the database (chown)",
			path, path, (unsigned)wal.st_uid);
}
