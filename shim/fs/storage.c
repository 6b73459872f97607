/* storage.c - decides whether a database in this folder may use WAL and mmap.
 *
 * Called once for each connection. The common case, a local disk, costs one statfs and one stat; /proc/self/mountinfo is read only
 * if these do not decide. Nothing is cached: mounts change. */
#define _FILE_OFFSET_BITS 64 /* a 32-bit statfs fails on large filesystems, and a failure counts as local */
#include "fs/storage.h"

#include "base/glibc.h"
#include "base/path.h"
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

#define MOUNTINFO_LIMIT ((size_t)1 << 20) /* a host with many containers has some 100 KB */
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
	if (!path_cut_name(path))
		strcpy(path, ".");
}

/* Replaces path (PATH_MAX bytes) by the target of the symbolic link that it names; target is a buffer of the same size. False if it
 * is no link, or the target does not fit. */
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

/* Replaces path (PATH_MAX bytes), which does not exist, by the folder it would be created in, following dangling links. target is a
 * buffer of the same size. False if there is no such folder. */
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

/* Fills out from mountinfo. False if the mount is not found there. */
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

/* Does the type from mountinfo agree with the one from statfs (NULL: unknown)? If not, the mount changed between the two calls. */
static bool type_agrees(const char *type_of_magic, const struct storage *found)
{
	if (!type_of_magic || found->kind == STORAGE_SHARED)
		return true;
	return strcmp(type_of_magic, "fuse") == 0 && strncmp(found->type, "fuseblk", 7) == 0;
}

/* Some filesystems report no blocks at all. */
static bool is_full(const struct statfs *filesystem)
{
	return filesystem->f_blocks > 0 && filesystem->f_bsize > 0 &&
	       filesystem->f_bavail < STORAGE_ROOM / (unsigned long)filesystem->f_bsize;
}

/* QEMU's 9p server reports the f_type of the host's filesystem. The f_type of a disk filesystem counts only if the file lies on a
 * block device. */
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
		bool on_device = is_on_block_device(existing), found = !on_device && mount_find(existing, out);

		if (!found || out->kind != STORAGE_SHARED)
			*out = (struct storage){.kind = STORAGE_LOCAL,
						.has_ctime = (on_device || found) &&
							     storage_magic_has_ctime((unsigned long)filesystem->f_type)};
	} else if (!(mount_find(existing, out) && type_agrees(type, out))) {
		*out = (struct storage){.kind = type ? STORAGE_SHARED : STORAGE_UNKNOWN};
		strcpy(out->type, type ? type : "");
	}
	out->full = is_full(filesystem);
	if (out->kind == STORAGE_LOCAL && ((unsigned long)filesystem->f_type & 0xFFFFFFFF) == OVERLAY)
		out->kind = STORAGE_LAYERED;
}

void storage_look(const char *path, struct storage *out)
{
	int kept_errno = errno;
	struct statfs filesystem;
	char *existing;

	*out = (struct storage){.kind = STORAGE_LOCAL};
	if (path_statfs(path, &filesystem)) {
		look_at(path, &filesystem, out);
	} else if (errno == ENOENT && strlen(path) < PATH_MAX - 1 && (existing = malloc((size_t)2 * PATH_MAX))) {
		/* on the heap: a thread may have a stack just large enough for SQLite */
		strcpy(existing, path);
		errno = ENOENT;
		if (path_existing(existing, existing + PATH_MAX, &filesystem))
			look_at(existing, &filesystem, out);
		free(existing);
	} else if (errno != ENOENT && errno != ENOTDIR) {
		/* a path whose folder does not exist is a name of the VFS's own */
		out->kind = STORAGE_UNKNOWN;
	}
	errno = kept_errno;
}
