/* Filesystem types by number and by name, and the mount that holds a path in samples of /proc/self/mountinfo.
 *
 * mountinfo/linux.txt was recorded (Linux 6.18), with the device numbers that stat gave for the paths below; the others are put
 * together from lines as kernels print them. */
#include "fs/mountinfo.h"

#include <stdlib.h>
#include <string.h>

#include "../check.h"

static const struct {
	unsigned long number;
	const char *type; /* NULL: not known */
} magics[] = {
	{0xEF53, ""},
	{0x58465342, ""},
	{0x9123683E, ""},
	{0x794C7630, ""},
	{0x01021994, ""},
	{0x858458F6, ""},
	{0x2FC12FC1, ""},
	{0xF2F52010, ""},
	{0xCA451A4E, ""},
	{0x73717368, ""},
	{0x6969, "nfs"},
	{0xFF534D42, "cifs"},
	{0xFE534D42, "smb3"},
	{0x517B, "smbfs"},
	{0x01021997, "9p"},
	{0x786F4256, "vboxsf"},
	{0x0BD00BD0, "lustre"},
	{0x00C36400, "ceph"},
	{0x5346414F, "afs"},
	{0x6B414653, "afs"},
	{0x73757245, "coda"},
	{0x47504653, "gpfs"},
	{0x01161970, "gfs2"},
	{0x7461636F, "ocfs2"},
	{0x19830326, "beegfs"},
	{0x20030528, "orangefs"},
	{0xBACBACBC, "vmhgfs"},
	{0x7C7C6673, "prl_fs"},
	{0x564C, "ncpfs"},
	{0xAAD7AAEA, "panfs"},
	{0x61636673, "acfs"},
	{0xA501FCF5, "vxfs"},
	{0x65735546, "fuse"},
	{0x9FA0, NULL},
	{0, NULL},
	{(unsigned long)-1, NULL},
	{(unsigned long)(long)(int)0xFF534D42, "cifs"},
	{(unsigned long)(long)(int)0x9123683E, ""},
};

static void test_magics(void)
{
	for (size_t i = 0; i < COUNT(magics); i++) {
		const char *type = storage_type_of_magic(magics[i].number);

		check(type == magics[i].type || (type && magics[i].type && strcmp(type, magics[i].type) == 0), "%#lx is %s, got %s",
		      magics[i].number, magics[i].type ? magics[i].type : "unknown", type ? type : "unknown");
		check(!type || !*type || storage_type_is_shared(type), "%s is shared by name as by number", type);
	}
}

static void test_types(void)
{
	static const char *const shared[] = {
		"nfs",
		"nfs4",
		"cifs",
		"smb3",
		"smbfs",
		"9p",
		"virtiofs",
		"vboxsf",
		"lustre",
		"ceph",
		"glusterfs",
		"afs",
		"coda",
		"gpfs",
		"gfs2",
		"ocfs2",
		"beegfs",
		"orangefs",
		"pvfs2",
		"vmhgfs",
		"prl_fs",
		"fakeowner",
		"drvfs",
		"acfs",
		"panfs",
		"davfs",
		"fuse",
		"fuse.sshfs",
		"fuse.s3fs",
		"fuse.rclone",
		"fuse.glusterfs",
		"fuse.grpcfuse",
		"fuse.vmhgfs-fuse",
		"fuse.mergerfs",
		"fuse.fuse-overlayfs",
		"fuse.",
	};
	static const char *const local[] = {
		"",      "ext2",     "ext3",    "ext4", "xfs",   "btrfs", "zfs",    "f2fs",    "bcachefs",     "tmpfs",
		"ramfs", "squashfs", "overlay", "aufs", "vfat",  "exfat", "ntfs3",  "fuseblk", "fuseblk.ntfs", "wslfs",
		"lxfs",  "nfsd",     "fusectl", "nf",   "nfs44", "NFS",   "rootfs",
	};

	for (size_t i = 0; i < COUNT(shared); i++)
		check(storage_type_is_shared(shared[i]), "%s is shared", shared[i]);
	for (size_t i = 0; i < COUNT(local); i++)
		check(!storage_type_is_shared(local[i]), "%s is local", local[i]);
}

static const struct {
	const char *sample;
	unsigned major, minor; /* of the path, as stat gives it */
	const char *path, *type, *mount;
	bool shared;
} cases[] = {
	{"linux", 254, 0, "/", "ext4", "/", false},
	{"linux", 254, 0, "/var/lib/app/db", "ext4", "/", false},
	{"linux", 0, 39, "/srv", "tmpfs", "/srv", false},
	{"linux", 0, 40, "/srv/merged/db", "overlay", "/srv/merged", false},
	{"linux", 0, 44, "/srv/home", "btrfs", "/srv/home", false},
	{"linux", 0, 44, "/srv/home/app/db", "btrfs", "/srv/home", false},
	{"linux", 0, 45, "/srv/home/inner/db", "btrfs", "/srv/home", false},
	{"linux", 0, 44, "/srv/bound/db", "btrfs", "/srv/bound", false},
	{"linux", 0, 46, "/srv/my data/deep er", "tmpfs", "/srv/my data", false},
	{"linux", 0, 47, "/srv/a\tb\\c", "tmpfs", "/srv/a\tb\\c", false},
	{"linux", 0, 49, "/srv/data", "tmpfs", "/srv/data", false},
	{"linux", 0, 50, "/srv/database", "tmpfs", "/srv/database", false},
	{"linux", 0, 50, "/srv/database/x", "tmpfs", "/srv/database", false},
	{"linux", 0, 39, "/srv/databases/x", "tmpfs", "/srv", false},
	{"linux", 0, 52, "/srv/outer/inner", "ramfs", "/srv/outer", false},
	{"linux", 7, 1, "/srv/ntfs", "fuseblk", "/srv/ntfs", false},
	{"linux", 0, 53, "/srv/fuse/db", "fuse", "/srv/fuse", true},

	{"server", 253, 1, "/root/db", "ext4", "/", false},
	{"server", 253, 3, "/var/lib/db", "xfs", "/var", false},
	{"server", 0, 48, "/srv/exports/db", "zfs", "/srv/exports", false},
	{"server", 0, 52, "/mnt/home/ada/db", "nfs4", "/mnt/home", true},
	{"server", 0, 53, "/mnt/old/db", "nfs", "/mnt/old", true},
	{"server", 0, 54, "/mnt/team/db", "cifs", "/mnt/team", true},
	{"server", 0, 55, "/mnt/team3/db", "smb3", "/mnt/team3", true},
	{"server", 0, 60, "/mnt/scratch/db", "lustre", "/mnt/scratch", true},
	{"server", 0, 61, "/mnt/ceph/db", "ceph", "/mnt/ceph", true},
	{"server", 0, 65, "/mnt/gluster/db", "fuse.glusterfs", "/mnt/gluster", true},
	{"server", 0, 66, "/home/ada/remote/db", "fuse.sshfs", "/home/ada/remote", true},
	{"server", 253, 1, "/home/ada/remote2/db", "ext4", "/", false},
	{"server", 0, 67, "/mnt/bucket/db", "fuse.s3fs", "/mnt/bucket", true},
	{"server", 0, 68, "/mnt/cloud/db", "fuse.rclone", "/mnt/cloud", true},
	{"server", 0, 69, "/mnt/dav/db", "fuse", "/mnt/dav", true},
	{"server", 8, 33, "/media/ada/USB/db", "fuseblk", "/media/ada/USB", false},
	{"server", 0, 70, "/mnt/cluster/db", "gpfs", "/mnt/cluster", true},
	{"server", 253, 9, "/mnt/gfs/db", "gfs2", "/mnt/gfs", true},
	{"server", 253, 10, "/mnt/ocfs/db", "ocfs2", "/mnt/ocfs", true},
	{"server", 0, 71, "/mnt/beegfs/db", "beegfs", "/mnt/beegfs", true},
	{"server", 0, 72, "/afs/cell/db", "afs", "/afs", true},

	{"wsl2", 8, 48, "/home/ada/db", "ext4", "/", false},
	{"wsl2", 0, 73, "/mnt/c/Users/ada/db", "9p", "/mnt/c", true},
	{"wsl2", 0, 80, "/mnt/e/db", "virtiofs", "/mnt/e", true},
	{"wsl2", 0, 37, "/mnt/wsl/db", "tmpfs", "/mnt/wsl", false},
	{"wsl1", 0, 2, "/home/ada/db", "wslfs", "/", false},
	{"wsl1", 0, 8, "/mnt/c/db", "drvfs", "/mnt/c", true},

	{"machines", 0, 40, "/vagrant/db.sqlite3", "vboxsf", "/vagrant", true},
	{"machines", 0, 41, "/media/sf_shared folder/db", "vboxsf", "/media/sf_shared folder", true},
	{"machines", 0, 42, "/mnt/hgfs/code/db", "fuse.vmhgfs-fuse", "/mnt/hgfs", true},
	{"machines", 0, 43, "/media/psf/Home/db", "prl_fs", "/media/psf/Home", true},
	{"machines", 0, 44, "/Users/ada/db", "virtiofs", "/Users/ada", true},
	{"machines", 0, 45, "/mnt/qemu/db", "9p", "/mnt/qemu", true},

	/* 9:9 is a device that no line names, as below btrfs. */
	{"linux", 9, 9, "/srv/databases/x", "tmpfs", "/srv", false},
	{"stacked", 9, 9, "/data/db", "xfs", "/data", false},
	{"stacked", 0, 40, "/data/db", "nfs4", "/data", true},
	{"stacked", 9, 9, "/database/db", "ext4", "/", false},
	{"stacked", 0, 50, "/outer/inner/db", "fuse.sshfs", "/outer", true},
	{"stacked", 9, 9, "/outer/inner/db", "tmpfs", "/outer/inner", false},

	/* In overlay, files of a lower layer may carry a device of their own. */
	{"docker", 0, 58, "/srv/db", "overlay", "/", false},
	{"docker", 254, 77, "/srv/db", "overlay", "/", false},
	{"docker", 254, 1, "/data/db", "ext4", "/data", false},
	{"docker", 0, 47, "/app/db", "fakeowner", "/app", true},
	{"docker", 0, 50, "/archive/db", "9p", "/archive", true},

	{"broken", 0, 4, "/empty/type", NULL, NULL, false},
	{"broken", 0, 2, "/cut/before/type", NULL, NULL, false},
	{"broken", 0, 3, "/no/separator", NULL, NULL, false},
	{"broken", 0, 9, "relative", "nfs4", "relative", true},
	{"broken", 9, 9, "/device/is/no/number", "nfs4", "/device/is/no/number", true},
	{"broken", 1215752191, 4, "/device/too/big/db", "nfs4", "/device/too/big", true},
	{"broken", 0, 5, "/no/source", "tmpfs", "/no/source", false},
	{"broken", 0, 6, "/octal\\04", "tmpfs", "/octal\\04", false},
	{"broken", 0, 7, "/octal\\089", "tmpfs", "/octal\\089", false},
	{"broken", 0, 8, "/zero", NULL, NULL, false},
	{"broken", 0, 10, "/dash-option/db", "-", "/dash-option", false},
	{"broken", 0, 11, "/many/db", "nfs4", "/many", true},
	{"broken", 0, 12, "/last/without/newline", NULL, NULL, false},
	{"broken", 0, 1, "/", NULL, NULL, false},
	{"broken", 0, 1, "", NULL, NULL, false},
};

/* Reads folder/name.txt; *length is set. Ends the test if it cannot. */
static char *sample_load(const char *folder, const char *name, size_t *length)
{
	static char text[1 << 16];
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.txt", folder, name);
	file = fopen(path, "r");
	if (!file) {
		perror(path);
		exit(2);
	}
	*length = fread(text, 1, sizeof(text), file);
	fclose(file);
	return text;
}

static void test_samples(const char *folder)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t length;
		const char *text = sample_load(folder, cases[i].sample, &length);
		/* A copy of just that size, so that a sanitizer sees the first byte read past its end. */
		char *copy = memcpy(malloc(length), text, length);
		struct storage found = {.type = "untouched", .mount = "untouched"};
		const char *type = cases[i].type ? cases[i].type : "untouched",
			   *mount = cases[i].mount ? cases[i].mount : "untouched";
		bool ok = mountinfo_find(copy, length, cases[i].major, cases[i].minor, cases[i].path, &found);

		check(ok == (cases[i].type != NULL) && strcmp(found.type, type) == 0 && strcmp(found.mount, mount) == 0 &&
			      (found.kind == STORAGE_SHARED) == cases[i].shared,
		      "%s: %u:%u %s is %s on %s, got %s on %s (%s)", cases[i].sample, cases[i].major, cases[i].minor, cases[i].path,
		      type, mount, found.type, found.mount, found.kind == STORAGE_SHARED ? "shared" : "local");
		free(copy);
	}
}

/* A text that is cut off anywhere is not read past its end. */
static void test_cut_samples(const char *folder)
{
	size_t length;
	const char *text = sample_load(folder, "server", &length);
	size_t found_count = 0;

	for (size_t cut = 0; cut <= length; cut++) {
		char *copy = malloc(cut + !cut);
		struct storage found;

		memcpy(copy, text, cut);
		found_count += mountinfo_find(copy, cut, 0, 72, "/afs/cell/db", &found) && strcmp(found.type, "afs") == 0;
		free(copy);
	}
	check(found_count == 1, "only the whole text tells of its last line, got %zu", found_count);
}

static void test_long_names(void)
{
	char line[4096], path[2048];
	struct storage found;

	memset(path, 'p', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	snprintf(line, sizeof(line), "1 1 0:1 / %s rw - fuse.%0100d s rw\n", path, 0);
	check(mountinfo_find(line, strlen(line), 0, 1, path, &found) && found.kind == STORAGE_SHARED,
	      "a long mount point is found");
	check(strlen(found.mount) == sizeof(found.mount) - 1 && strncmp(found.mount, path, strlen(found.mount)) == 0,
	      "its name is cut");
	check(strlen(found.type) == sizeof(found.type) - 1, "its type is cut");
	check(!mountinfo_find("", 0, 0, 1, path, &found), "an empty text has no mount");
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fputs("usage: storage FOLDER-OF-SAMPLES\n", stderr);
		return 2;
	}
	test_magics();
	test_types();
	test_samples(argv[1]);
	test_cut_samples(argv[1]);
	test_long_names();
	return check_end();
}
