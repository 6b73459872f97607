/* storage.c - may a database in this folder use WAL and mmap?
 *
 * connection.c asks once for each database. The common case, a local disk, costs one statfs; /proc/self/mountinfo is read only
 * where that number does not settle it. Nothing is kept: mounts come and go. */
#define _FILE_OFFSET_BITS 64 /* a 32-bit statfs fails on large filesystems, and a failure reads as local */
#include "storage.h"

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

/* f_type as statfs(2) gives it. Sources: linux/magic.h and statfs(2) unless the line names another. "" is local, "fuse" is for
 * mountinfo to tell. */
static const struct magic {
	unsigned long number;
	const char *type;
} magics[] = {
	{0xEF53, ""},         /* ext2, ext3, ext4 */
	{0x58465342, ""},     /* xfs */
	{0x9123683E, ""},     /* btrfs */
	{0x794C7630, ""},     /* overlay */
	{0x01021994, ""},     /* tmpfs */
	{0x858458F6, ""},     /* ramfs */
	{0x2FC12FC1, ""},     /* zfs: OpenZFS, ZFS_SUPER_MAGIC */
	{0xF2F52010, ""},     /* f2fs */
	{0xCA451A4E, ""},     /* bcachefs: its statfs */
	{0x73717368, ""},     /* squashfs */
	{0x61756673, ""},     /* aufs: AUFS_SUPER_MAGIC */
	{0x6969, "nfs"},      /* nfs, nfs4 */
	{0xFF534D42, "cifs"}, /* cifs, smb3 */
	{0xFE534D42, "smb3"}, /* SMB2_SUPER_MAGIC */
	{0x517B, "smbfs"},
	{0x01021997, "9p"},     /* V9FS_MAGIC; WSL2's drives, gVisor, QEMU */
	{0x786F4256, "vboxsf"}, /* fs/vboxsf/super.c */
	{0x0BD00BD0, "lustre"}, /* lustre_user.h, LL_SUPER_MAGIC */
	{0x00C36400, "ceph"},
	{0x5346414F, "afs"}, /* OpenAFS */
	{0x6B414653, "afs"}, /* kAFS */
	{0x73757245, "coda"},
	{0x47504653, "gpfs"}, /* the letters GPFS; IBM Storage Scale */
	{0x01161970, "gfs2"}, /* gfs2_ondisk.h */
	{0x7461636F, "ocfs2"},
	{0x19830326, "beegfs"},   /* BeeGFS client, once FhGFS */
	{0x20030528, "orangefs"}, /* fs/orangefs, once PVFS2 */
	{0xBACBACBC, "vmhgfs"},   /* open-vm-tools, HGFS_SUPER_MAGIC */
	{0x7C7C6673, "prl_fs"},   /* Parallels Tools */
	{0x564C, "ncpfs"},
	{0xAAD7AAEA, "panfs"}, /* Panasas; this and the next four: coreutils, stat -f */
	{0x61636673, "acfs"},  /* Oracle ACFS */
	{0x013111A8, "ibrix"},
	{0xBEEFDEAD, "snfs"},   /* Quantum StorNext */
	{0xA501FCF5, "vxfs"},   /* Veritas, which may be clustered */
	{0x00C0FFEE, "hostfs"}, /* User-mode Linux: the host's files */
	{0x65735546, "fuse"},   /* FUSE, fuseblk, virtiofs */
};

/* Types as mountinfo names them, where the name alone says that another machine or a process is behind it. */
static const char *const shared_types[] = {
	"nfs",       "nfs4",   "cifs",      "smb3",   "smbfs", "9p",    "virtiofs", "vboxsf", "lustre",   "ceph",
	"glusterfs", "afs",    "coda",      "gpfs",   "gfs",   "gfs2",  "ocfs2",    "beegfs", "orangefs", "pvfs2",
	"vmhgfs",    "prl_fs", "fakeowner", "drvfs",  "ncpfs", "acfs",  "panfs",    "ibrix",  "snfs",     "cvfs",
	"vxfs",      "hostfs", "davfs",     "wekafs", "dvs",   "osxfs", "grpcfuse", "fuse",   "fuseblk",
};

const char *storage_type_of_magic(unsigned long f_type)
{
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
		/* f_type is a signed int on some machines, so that CIFS arrives sign-extended. */
		if (magics[i].number == (f_type & 0xFFFFFFFF))
			return magics[i].type;
	}
	return NULL;
}

bool storage_type_is_shared(const char *type)
{
	if (strncmp(type, "fuse.", 5) == 0 || strncmp(type, "fuseblk.", 8) == 0)
		return true;
	for (size_t i = 0; i < sizeof(shared_types) / sizeof(shared_types[0]); i++) {
		if (strcmp(type, shared_types[i]) == 0)
			return true;
	}
	return false;
}

struct field {
	const char *start, *end;
};

/* Cuts the field that starts at *at, up to a blank or the line's end, and moves *at behind the blank. False if the line is at its
 * end. */
static bool field_next(const char **at, const char *line_end, struct field *out)
{
	const char *blank;

	if (*at >= line_end)
		return false;
	blank = memchr(*at, ' ', (size_t)(line_end - *at));
	out->start = *at;
	out->end = blank ? blank : line_end;
	*at = blank ? blank + 1 : line_end;
	return true;
}

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* Takes one byte of a field, where the kernel writes blanks, newlines and backslashes as \ooo. */
static char field_byte(const char **at, const char *end)
{
	const char *text = *at;

	if (end - text >= 4 && text[0] == '\\' && is_octal(text[1]) && is_octal(text[2]) && is_octal(text[3])) {
		*at = text + 4;
		return (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0'));
	}
	*at = text + 1;
	return *text;
}

static void field_copy(struct field field, char *out, size_t size)
{
	size_t length = 0;

	while (field.start < field.end && length + 1 < size)
		out[length++] = field_byte(&field.start, field.end);
	out[length] = '\0';
}

/* The length of the mount point if path lies in it, whole names only (/data does not hold /database); -1 if it does not. */
static long field_holds(struct field mount, const char *path)
{
	long length = 0;
	char last = '\0';

	while (mount.start < mount.end) {
		last = field_byte(&mount.start, mount.end);
		if (last == '\0' || path[length] != last)
			return -1;
		length++;
	}
	return length > 0 && (last == '/' || path[length] == '/' || path[length] == '\0') ? length : -1;
}

static bool field_number(const char **at, const char *end, unsigned *out)
{
	const char *start = *at;
	unsigned number = 0;

	while (*at < end && **at >= '0' && **at <= '9') {
		if (__builtin_mul_overflow(number, 10U, &number) || __builtin_add_overflow(number, (unsigned)(**at - '0'), &number))
			return false;
		++*at;
	}
	*out = number;
	return *at > start;
}

static bool field_is_device(struct field field, unsigned major, unsigned minor)
{
	unsigned found_major, found_minor;

	if (!field_number(&field.start, field.end, &found_major) || field.start == field.end || *field.start++ != ':')
		return false;
	return field_number(&field.start, field.end, &found_minor) && field.start == field.end && found_major == major &&
	       found_minor == minor;
}

/* A line is: id parent major:minor root mount-point options [optional…] - type source options */
struct mount_line {
	struct field device, mount, type;
};

static bool mount_line_read(const char *line, const char *end, struct mount_line *out)
{
	struct field skipped;

	if (!field_next(&line, end, &skipped) || !field_next(&line, end, &skipped) || !field_next(&line, end, &out->device) ||
	    !field_next(&line, end, &skipped) || !field_next(&line, end, &out->mount) || !field_next(&line, end, &skipped))
		return false;
	do {
		if (!field_next(&line, end, &skipped))
			return false;
	} while (skipped.end - skipped.start != 1 || *skipped.start != '-');
	return field_next(&line, end, &out->type) && out->type.start < out->type.end;
}

bool storage_find_mount(const char *mountinfo, size_t length, unsigned major, unsigned minor, const char *path, struct storage *out)
{
	const char *end = mountinfo + length;
	struct mount_line best = {{NULL, NULL}, {NULL, NULL}, {NULL, NULL}};
	bool best_device = false;
	long best_length = 0;

	while (mountinfo < end) {
		const char *newline = memchr(mountinfo, '\n', (size_t)(end - mountinfo));
		const char *line_end = newline ? newline : end;
		struct mount_line line;

		if (mount_line_read(mountinfo, line_end, &line)) {
			bool device = field_is_device(line.device, major, minor);
			long holds = field_holds(line.mount, path);

			if (holds > 0 && (device > best_device || (device == best_device && holds >= best_length))) {
				best = line;
				best_device = device;
				best_length = holds;
			}
		}
		mountinfo = newline ? newline + 1 : end;
	}
	if (!best_length)
		return false;
	field_copy(best.mount, out->mount, sizeof(out->mount));
	field_copy(best.type, out->type, sizeof(out->type));
	out->shared = storage_type_is_shared(out->type);
	return true;
}

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

/* Writes the folder of path to out (PATH_MAX bytes). False if it does not fit. */
static bool path_folder(const char *path, char *out)
{
	const char *slash = strrchr(path, '/');
	size_t length = slash ? (size_t)(slash - path) : 1;

	if (length >= PATH_MAX)
		return false;
	memcpy(out, slash ? path : ".", length);
	if (slash == path)
		out[length++] = '/';
	out[length] = '\0';
	return true;
}

/* Makes of path (PATH_MAX bytes) what its symbolic link points to. False if it is no link, or the target does not fit. */
static bool path_follow(char *path)
{
	char target[PATH_MAX];
	ssize_t length = readlink(path, target, sizeof(target) - 1);
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

/* Finds what there is to ask about path: itself, or the folder it would be created in, also behind a link that points to nothing
 * yet. */
static bool path_existing(const char *path, char *out, struct statfs *filesystem)
{
	if (strlen(path) >= PATH_MAX)
		return false;
	strcpy(out, path);
	for (int links = 0; !path_statfs(out, filesystem); links++) {
		if (errno != ENOENT || links == LINK_LIMIT)
			return false;
		if (!path_follow(out)) {
			char folder[PATH_MAX];

			if (!path_folder(out, folder) || !path_statfs(folder, filesystem))
				return false;
			strcpy(out, folder);
			return true;
		}
	}
	return true;
}

/* Fills out from mountinfo. False if that does not tell. */
static bool mount_find(const char *existing, struct storage *out)
{
	char *absolute = realpath(existing, NULL);
	size_t length = 0;
	char *mountinfo = absolute ? mountinfo_load(&length) : NULL;
	struct stat status;
	bool found = mountinfo && stat(absolute, &status) == 0 &&
		     storage_find_mount(mountinfo, length, major(status.st_dev), minor(status.st_dev), absolute, out);

	free(mountinfo);
	free(absolute);
	return found;
}

void storage_look(const char *path, struct storage *out)
{
	int kept_errno = errno;
	char existing[PATH_MAX];
	struct statfs filesystem;

	*out = (struct storage){.shared = false};
	if (path_existing(path, existing, &filesystem)) {
		const char *type = storage_type_of_magic((unsigned long)filesystem.f_type);
		bool local = type && !*type;
		bool found = !local && mount_find(existing, out);

		/* What statfs calls shared stays so, even if the mount has gone since and mountinfo names another. */
		if (!local && type && !(found && out->shared)) {
			strcpy(out->type, type);
			out->shared = true;
		}
	}
	errno = kept_errno;
}
