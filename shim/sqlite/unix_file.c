/* unix_file.c - reads the first members of SQLite's unixFile, unixInodeInfo and unixShmNode. */
#include "sqlite/unix_file.h"

#include "base/glibc.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct inode_info {
	dev_t device;
	uint64_t inode;
	/* a mutex, counters, and the pShmNode, at a place that depends on the version */
};

struct file_object {
	const void *methods, *vfs;
	const struct inode_info *inode_info;
	int fd;
};

struct shm_node {
	const struct inode_info *inode_info;
	const void *mutex;
	const char *name; /* lies right after the object */
	int fd;
};

/* In how much of an inode_info the pointer to the shm_node is looked for: less than any version's has. */
#define INODE_INFO_WORDS 6
#define SHM_NODE_MOST 512
/* In how much of a file object, after the descriptor: it has more in each version. */
#define FILE_WORDS 6

/* The kernel reads the word as a set of signals, and then refuses what it is asked to do with it: nothing changes, and no filter of
 * system calls forbids this one. */
static bool is_readable(const void *word)
{
	const int no_such_way = -1;

	return syscall(SYS_rt_sigprocmask, no_such_way, word, NULL, sizeof(uint64_t)) != 0 && errno == EINVAL;
}

static bool find(sqlite3_file *file, struct unix_file *out)
{
	const struct file_object *object = (const void *)file;
	struct stat status;

	if (object->fd < 3 || !object->inode_info || glibc_fstat(object->fd, &status) != 0 || !S_ISREG(status.st_mode) ||
	    !is_readable(object->inode_info) || object->inode_info->device != status.st_dev ||
	    object->inode_info->inode != status.st_ino)
		return false;
	*out = (struct unix_file){object->fd, status.st_dev, status.st_ino};
	return true;
}

bool unix_file_find(sqlite3_file *file, struct unix_file *out)
{
	int saved = errno;
	bool found = sizeof(void *) == 8 && find(file, out);

	errno = saved;
	return found;
}

/* An object that leads back to the inode's, and has the name of the -shm. */
static bool is_shm_node(const struct shm_node *node, const struct inode_info *inode_info, const char *path)
{
	uintptr_t address = (uintptr_t)node;
	size_t length = strlen(path);

	return address > 65536 && address % sizeof(void *) == 0 && is_readable(node) && node->inode_info == inode_info &&
	       (uintptr_t)node->name > address && (uintptr_t)node->name < address + SHM_NODE_MOST &&
	       strncmp(node->name, path, length) == 0 && strcmp(node->name + length, "-shm") == 0;
}

/* The place of the pointer to it; NULL if the -shm is not mapped, or not found. */
static const void *find_shm_place(const struct file_object *object, const char *path)
{
	const struct shm_node *node;
	const char *place = (const char *)(object->inode_info + 1);

	for (size_t i = 0; i < INODE_INFO_WORDS; i++, place += sizeof(node)) {
		memcpy(&node, place, sizeof(node));
		if (is_shm_node(node, object->inode_info, path))
			return place;
	}
	return NULL;
}

static const struct shm_node *find_shm_node(const struct file_object *object, const char *path)
{
	const void *place = find_shm_place(object, path);
	const struct shm_node *node = NULL;

	if (place)
		memcpy(&node, place, sizeof(node));
	return node;
}

int unix_file_find_shm(sqlite3_file *file, const char *path)
{
	const struct shm_node *node;
	struct unix_file known;
	int saved = errno;

	if (!unix_file_find(file, &known))
		return -1;
	node = find_shm_node((const void *)file, path);
	errno = saved;
	return node ? node->fd : -1;
}

void unix_file_forget_shm(sqlite3_file *file, const char *path)
{
	static const struct shm_node *const none;
	const void *place = NULL;
	struct unix_file known;
	int saved = errno;

	if (unix_file_find(file, &known))
		place = find_shm_place((const void *)file, path);
	if (place)
		memcpy((void *)(uintptr_t)place, &none, sizeof(none));
	errno = saved;
}

/* Its own object for that has the shm_node as its first member. */
bool unix_file_maps_shm(sqlite3_file *file, const char *path)
{
	const void *const *words = (const void *const *)(const void *)((const struct file_object *)(const void *)file + 1);
	const struct shm_node *node, *found;
	struct unix_file known;
	int saved = errno;
	bool maps = false;

	if (!unix_file_find(file, &known))
		return false;
	node = find_shm_node((const void *)file, path);
	for (size_t i = 0; node && i < FILE_WORDS && !maps; i++) {
		if ((uintptr_t)words[i] <= 65536 || (uintptr_t)words[i] % sizeof(void *) != 0 || !is_readable(words[i]))
			continue;
		memcpy(&found, words[i], sizeof(found));
		maps = found == node;
	}
	errno = saved;
	return maps;
}
