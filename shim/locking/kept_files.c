/* kept_files.c - a ring of inodes and names. */
#include "locking/kept_files.h"

#include "base/glibc.h"
#include "locking/open_databases.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REMEMBERED 32
#define LONGEST_PATH 512

struct kept {
	_Atomic dev_t device;
	_Atomic ino_t inode; /* of the database; 0 while there is none */
	_Atomic ino_t wal, shm;
	_Atomic ino_t folder; /* 0 where its path is too long to be remembered */
	atomic_bool listed;   /* the program may know the names of -wal and -shm */
	_Atomic pid_t left;   /* and this process has taken the database alone away */
	atomic_bool open;     /* … while it had that open: its -wal need not be empty */
	char path[LONGEST_PATH];
};

static struct kept ring[REMEMBERED];
static _Atomic unsigned next;

static struct kept *find(dev_t device, ino_t inode)
{
	for (struct kept *kept = ring; kept < ring + REMEMBERED; kept++)
		if (inode && atomic_load(&kept->inode) == inode && atomic_load(&kept->device) == device)
			return kept;
	return NULL;
}

static ino_t folder_of(char *path)
{
	char *slash = strrchr(path, '/');
	struct stat folder;
	bool found;

	if (!slash)
		return 0;
	*slash = '\0';
	found = glibc_stat(slash == path ? "/" : path, &folder) == 0;
	*slash = '/';
	return found ? folder.st_ino : 0;
}

static void note(dev_t device, ino_t inode, ino_t wal, ino_t shm, const char *path, bool open, pid_t left)
{
	struct kept *kept = find(device, inode);
	size_t length = strlen(path);

	if (!kept)
		kept = &ring[atomic_fetch_add(&next, 1) % REMEMBERED];
	/* Whoever reads halves of two looks for a -wal of the wrong inode by the right name, and finds none. */
	if (atomic_exchange(&kept->inode, 0) != inode || atomic_load(&kept->wal) != wal)
		atomic_store(&kept->listed, false);
	atomic_store(&kept->left, 0);
	atomic_store(&kept->device, device);
	atomic_store(&kept->wal, wal);
	atomic_store(&kept->shm, shm);
	atomic_store(&kept->folder, 0);
	atomic_store(&kept->open, open);
	if (length < LONGEST_PATH) {
		memcpy(kept->path, path, length + 1);
		atomic_store(&kept->folder, folder_of(kept->path));
		atomic_store(&kept->left, left);
	}
	atomic_store(&kept->inode, inode);
}

void kept_files_note(const struct wal_files *files, const char *path)
{
	note(atomic_load(&files->device), atomic_load(&files->inode), atomic_load(&files->wal), atomic_load(&files->shm), path,
	     false, 0);
}

void kept_files_note_open(const struct stat *database, ino_t wal, ino_t shm, const char *path)
{
	note(database->st_dev, database->st_ino, wal, shm, path, true, getpid());
}

bool kept_files_find(const struct stat *database, ino_t *wal, ino_t *shm)
{
	const struct kept *kept = find(database->st_dev, database->st_ino);

	if (!kept)
		return false;
	*wal = atomic_load(&kept->wal);
	*shm = atomic_load(&kept->shm);
	return *wal != 0;
}

ino_t kept_files_listed(const struct stat *database)
{
	const struct kept *kept = find(database->st_dev, database->st_ino);

	return kept && atomic_load(&kept->listed) ? atomic_load(&kept->folder) : 0;
}

void kept_files_leave(const struct stat *database)
{
	struct kept *kept = find(database->st_dev, database->st_ino);

	if (kept)
		atomic_store(&kept->left, getpid());
}

void kept_files_stay(dev_t device, ino_t inode)
{
	struct kept *kept = find(device, inode);

	if (kept)
		atomic_store(&kept->left, 0);
}

/* Of one that was open, and is not any more, SQLite has removed the -wal: another database's may have its inode since. */
static bool is_still(const struct kept *kept)
{
	ino_t wal, shm;

	return !atomic_load(&kept->open) ||
	       (open_databases_find(atomic_load(&kept->inode), &wal, &shm) && wal == atomic_load(&kept->wal));
}

static void remove_file(const char *path, const char *suffix, ino_t inode, bool only_empty)
{
	char *name = wal_files_join(path, suffix);
	struct stat status;

	if (name && glibc_lstat(name, &status) == 0 && status.st_ino == inode && !(only_empty && status.st_size))
		unlink(name);
	free(name);
}

/* What its parent has left, a forked child lets lie. */
static bool is_left(const struct kept *kept)
{
	pid_t left = atomic_load(&kept->left);

	return left && left == getpid();
}

bool kept_files_remove_open(const struct stat *wal, const char *path)
{
	for (struct kept *kept = ring; kept < ring + REMEMBERED; kept++)
		if (is_left(kept) && atomic_load(&kept->open) && atomic_load(&kept->wal) == wal->st_ino &&
		    atomic_load(&kept->device) == wal->st_dev && is_still(kept)) {
			remove_file(path, "-wal", wal->st_ino, false);
			atomic_store(&kept->left, 0);
			return true;
		}
	return false;
}

/* One that another process has written to stays, and so does its -shm. */
static void remove_left(struct kept *kept)
{
	struct stat status;
	char *wal = wal_files_join(kept->path, "-wal");
	bool open = atomic_load(&kept->open);

	if (glibc_lstat(kept->path, &status) == 0 || !atomic_exchange(&kept->left, 0) || !is_still(kept))
		;
	else if (wal &&
		 (glibc_lstat(wal, &status) != 0 || (status.st_ino == atomic_load(&kept->wal) && (open || status.st_size == 0)))) {
		remove_file(kept->path, "-wal", atomic_load(&kept->wal), !open);
		remove_file(kept->path, "-shm", atomic_load(&kept->shm), false);
	}
	free(wal);
}

void kept_files_remove_left(const struct stat *folder)
{
	for (struct kept *kept = ring; kept < ring + REMEMBERED; kept++)
		if (is_left(kept) &&
		    (!folder || (atomic_load(&kept->folder) == folder->st_ino && atomic_load(&kept->device) == folder->st_dev)))
			remove_left(kept);
}

void kept_files_list(const struct stat *folder)
{
	for (struct kept *kept = ring; kept < ring + REMEMBERED; kept++)
		if (atomic_load(&kept->folder) &&
		    (!folder || (atomic_load(&kept->folder) == folder->st_ino && atomic_load(&kept->device) == folder->st_dev)))
			atomic_store(&kept->listed, true);
}
