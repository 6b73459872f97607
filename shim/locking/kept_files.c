/* kept_files.c - a ring of inodes. */
#include "locking/kept_files.h"

#include <stdatomic.h>
#include <stddef.h>

#define REMEMBERED 32

struct kept {
	_Atomic dev_t device;
	_Atomic ino_t inode; /* of the database; 0 while there is none */
	_Atomic ino_t wal, shm;
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

void kept_files_note(const struct wal_files *files)
{
	dev_t device = atomic_load(&files->device);
	ino_t inode = atomic_load(&files->inode);
	struct kept *kept = find(device, inode);

	if (!kept)
		kept = &ring[atomic_fetch_add(&next, 1) % REMEMBERED];
	/* Whoever reads halves of two looks for a -wal of the wrong inode by the right name, and finds none. */
	atomic_store(&kept->inode, 0);
	atomic_store(&kept->device, device);
	atomic_store(&kept->wal, atomic_load(&files->wal));
	atomic_store(&kept->shm, atomic_load(&files->shm));
	atomic_store(&kept->inode, inode);
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
