/* storage.h - may a database in this folder use WAL and mmap?
 *
 * WAL needs memory that all processes share coherently, which filesystems shared between machines do not give
 * (sqlite.org/wal.html); mmap on them, or on FUSE, can read stale pages or raise SIGBUS. Nothing here opens a database: closing any
 * descriptor of it would drop SQLite's POSIX locks. */
#ifndef SQLPROD_FS_STORAGE_H
#define SQLPROD_FS_STORAGE_H

#include <stdbool.h>
#include <stddef.h>

/* What a database needs to be switched to WAL: the -wal grows to some 4 MB before it is used again from its start, and without 32
 * KB for the -shm nobody can even read. */
#define STORAGE_ROOM (8U << 20)

struct storage {
	bool shared;   /* no WAL, no mmap */
	bool layered;  /* overlayfs: maps of a file that is open only for reading stay with the lower layer when it is copied up */
	bool unknown;  /* nothing tells what it is, and it is taken for local */
	bool full;     /* less than STORAGE_ROOM is free */
	char type[64]; /* filesystem type as the kernel names it ("nfs4", "fuse.sshfs"), "" if not asked */
	char mount[512]; /* mount point, cut if longer; "" if unknown; raw bytes: a mount point may hold a newline */
};

/* Looks at the filesystem that holds path, or, if path does not exist yet, the folder it would be created in. Symbolic links are
 * followed, relative paths start at the working folder. A local disk costs two system calls and nothing is opened; otherwise
 * /proc/self/mountinfo is read. Any thread; errno is kept. */
void storage_look(const char *path, struct storage *out);

/* Is the file itself a mount point, as a single file is that was bind-mounted (docker run -v FILE:FILE)? False where
 * /proc/self/mountinfo does not tell, which is read. Any thread; errno is kept. */
bool storage_is_mount_point(const char *path);

/* The type name that statfs tells by its f_type: "" for a local filesystem, "fuse" where mountinfo knows more, NULL for a number
 * that is not in the table, so that mountinfo decides. Pure. */
const char *storage_type_of_magic(unsigned long f_type);

/* Is a filesystem of this type (as in mountinfo) shared between machines, or with the host of a virtual one, or served by a process
 * (FUSE; but fuseblk is a disk of this machine)? Pure. */
bool storage_type_is_shared(const char *type);

#endif
