/* storage_types.c - the tables of filesystems, by number and by name.
 *
 * A filesystem that is in neither table counts as local. The tables hold arrays of characters, because pointers would be relocated
 * in every process. */
#include "fs/storage.h"

#include <stdint.h>
#include <string.h>

/* f_type as statfs(2) returns it. Sources: linux/magic.h and statfs(2) unless the line names another. "" is local; for "fuse"
 * mountinfo has the precise type. */
static const struct magic {
	unsigned long number;
	char type[12];
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
	{0xAAD7AAEA, "panfs"}, /* Panasas; this and the next three: coreutils, stat -f */
	{0x61636673, "acfs"},  /* Oracle ACFS */
	{0x013111A8, "ibrix"},
	{0xBEEFDEAD, "snfs"},   /* Quantum StorNext */
	{0xA501FCF5, "vxfs"},   /* statfs(2); Veritas, which may be clustered */
	{0x00C0FFEE, "hostfs"}, /* User-mode Linux: the host's files */
	{0x65735546, "fuse"},   /* FUSE, fuseblk, virtiofs */
};

/* Types as mountinfo names them that are served by another machine, by the host of a virtual machine, or by a process. fuseblk is
 * not in the list: it is a disk of this machine, served by ntfs-3g or exfat-fuse, with one page cache for all processes (WAL with
 * four writing processes worked there). The rest of FUSE is, even if it serves local files: with direct_io it refuses shared maps,
 * yet the switch to WAL succeeds, and every later statement on the database returns SQLITE_IOERR (bindfs -o direct_io, SQLite
 * 3.40.1, Linux 6.18). */
static const char shared_types[][12] = {
	"nfs",       "nfs4",   "cifs",      "smb3",   "smbfs", "9p",    "virtiofs", "vboxsf",     "lustre",   "ceph",
	"glusterfs", "afs",    "coda",      "gpfs",   "gfs",   "gfs2",  "ocfs2",    "beegfs",     "orangefs", "pvfs2",
	"vmhgfs",    "prl_fs", "fakeowner", "drvfs",  "ncpfs", "acfs",  "panfs",    "ibrix",      "snfs",     "cvfs",
	"vxfs",      "hostfs", "davfs",     "wekafs", "dvs",   "osxfs", "grpcfuse", "auristorfs", "fhgfs",    "fuse",
};

const char *storage_type_of_magic(unsigned long f_type)
{
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
		/* f_type is a signed int on some machines, which sign-extends CIFS's number */
		if (magics[i].number == (f_type & 0xFFFFFFFF))
			return magics[i].type;
	}
	return NULL;
}

/* Not of xfs: it leaves files that are exchanged as they are. */
bool storage_magic_has_ctime(unsigned long f_type)
{
	static const uint32_t those[] = {0xEF53, 0x9123683E, 0x01021994}; /* ext2, ext3, ext4; btrfs; tmpfs */

	for (size_t i = 0; i < sizeof(those) / sizeof(those[0]); i++)
		if (those[i] == (f_type & 0xFFFFFFFF))
			return true;
	return false;
}

bool storage_type_is_shared(const char *type)
{
	if (strncmp(type, "fuse.", 5) == 0)
		return true;
	for (size_t i = 0; i < sizeof(shared_types) / sizeof(shared_types[0]); i++) {
		if (strcmp(type, shared_types[i]) == 0)
			return true;
	}
	return false;
}
