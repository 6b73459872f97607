/* storage.c - may a database in this folder use WAL and mmap?
 *
 * connection.c asks once for each database. The common case, a local disk, costs one statfs and one stat; /proc/self/mountinfo is
 * read only where these do not settle it. Nothing is kept: mounts come and go. */
#define _FILE_OFFSET_BITS 64 /* a 32-bit statfs fails on large filesystems, and a failure reads as local */
#include "fs/storage.h"

#include "base/glibc.h"
#include "fs/mountinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define MOUNTINFO_LIMIT ((size_t)1 << 20) /* a host of many containers has some 100 KB */
#define LINK_LIMIT 16
#define OVERLAY 0x794C7630UL /* f_type; linux/magic.h */

/* Reads the whole file, up to MOUNTINFO_LIMIT; the caller frees it. NULL if it cannot be read: no /proc, or no memory. */
static char *mountinfo_load(size_t *length)
{
	size_t size = 0, used = 0;
	char *text = NULL;
	ssize_t got;
	int fd;

	do
		fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return NULL;
	do {
		if (used == size) {
			char *grown = size < MOUNTINFO_LIMIT ? realloc(text, size ? size * 4 : 1 << 14) : NULL;

			if (!grown)
				break;
			size = size ? size * 4 : 1 << 14;
			text = grown;
		}
		got = read(fd, text + used, size - used);
		used += got > 0 ? (size_t)got : 0;
	} while (got > 0 || (got < 0 && errno == EINTR));
	close(fd);
	*length = used;
	return text;
}

static void path_to_folder(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash)
		slash[slash == path] = '\0';
	else
		strcpy(path, ".");
}

/* Makes of path (PATH_MAX bytes) what its symbolic link points to; target is as large. False if it is no link, or the target does
 * not fit. */
static bool path_follow(char *path, char *target)
{
	ssize_t length = readlink(path, target, PATH_MAX - 1);
	const char *slash = strrchr(path, '/');
	size_t folder = slash && length > 0 && target[0] != '/' ? (size_t)(slash - path) + 1 : 0;

	if (length <= 0 || folder + (size_t)length >= PATH_MAX)
		return false;
	memcpy(path + folder, target, (size_t)length);
	path[folder + (size_t)length] = '\0';
	return true;
}

static bool path_statfs(const char *path, struct statfs *out)
{
	int rc;

	do
		rc = statfs(path, out);
	while (rc != 0 && errno == EINTR);
	return rc == 0;
}

/* Makes of path (PATH_MAX bytes), which is not there, what there is to ask about: the folder it would be created in, also behind a
 * link that points to nothing yet. target is as large. */
static bool path_existing(char *path, char *target, struct statfs *filesystem)
{
	for (int links = 0; errno == ENOENT && links < LINK_LIMIT; links++) {
		if (!path_follow(path, target)) {
			path_to_folder(path);
			return path_statfs(path, filesystem);
		}
		if (path_statfs(path, filesystem))
			return true;
	}
	return false;
}

/* Fills out from mountinfo. False if that does not tell. */
static bool mount_find(const char *existing, struct storage *out)
{
	char *absolute = realpath(existing, NULL);
	size_t length = 0;
	char *mountinfo = absolute ? mountinfo_load(&length) : NULL;
	struct stat status;
	bool found = mountinfo && glibc_stat(absolute, &status) == 0 &&
		     mountinfo_find(mountinfo, length, major(status.st_dev), minor(status.st_dev), absolute, out);

	free(mountinfo);
	free(absolute);
	return found;
}

bool storage_is_mount_point(const char *path)
{
	int kept_errno = errno;
	char *absolute = realpath(path, NULL);
	struct storage found;
	bool is = absolute && mount_find(absolute, &found) && strcmp(found.mount, absolute) == 0;

	free(absolute);
	errno = kept_errno;
	return is;
}

/* Is what mountinfo says possible after what statfs said (NULL: nothing)? If not, the mount has changed in between. */
static bool type_agrees(const char *type_of_magic, const struct storage *found)
{
	if (!type_of_magic || found->shared)
		return true;
	return strcmp(type_of_magic, "fuse") == 0 && strncmp(found->type, "fuseblk", 7) == 0;
}

/* Some filesystems count no blocks at all. */
static bool is_full(const struct statfs *filesystem)
{
	return filesystem->f_blocks > 0 && filesystem->f_bsize > 0 &&
	       filesystem->f_bavail < STORAGE_ROOM / (unsigned long)filesystem->f_bsize;
}

/* 9p as QEMU serves it tells the number of the host's filesystem. Only a number that goes with a disk is to be believed, where the
 * file lies on one. */
static bool is_on_block_device(const char *existing)
{
	struct stat status;

	return glibc_stat(existing, &status) == 0 && major(status.st_dev) != 0;
}

static void look_at(const char *existing, const struct statfs *filesystem, struct storage *out)
{
	const char *type = storage_type_of_magic((unsigned long)filesystem->f_type);
	bool local = type && !*type;

	if (local) {
		if (!is_on_block_device(existing) && !(mount_find(existing, out) && out->shared))
			*out = (struct storage){.shared = false};
	} else if (!(mount_find(existing, out) && type_agrees(type, out))) {
		*out = (struct storage){.shared = type != NULL, .unknown = !type};
		strcpy(out->type, type ? type : "");
	}
	out->full = is_full(filesystem);
	out->layered = ((unsigned long)filesystem->f_type & 0xFFFFFFFF) == OVERLAY;
}

void storage_look(const char *path, struct storage *out)
{
	int kept_errno = errno;
	struct statfs filesystem;
	char *existing;

	*out = (struct storage){.shared = false};
	if (path_statfs(path, &filesystem)) {
		look_at(path, &filesystem, out);
	} else if (errno == ENOENT && strlen(path) < PATH_MAX - 1 && (existing = malloc((size_t)2 * PATH_MAX))) {
		/* on the heap: a thread may have a stack just large enough for SQLite */
		strcpy(existing, path);
		errno = ENOENT;
		if (path_existing(existing, existing + PATH_MAX, &filesystem))
			look_at(existing, &filesystem, out);
		free(existing);
	} else {
		/* a path that leads nowhere is some VFS's own name */
		out->unknown = errno != ENOENT && errno != ENOTDIR;
	}
	errno = kept_errno;
}
