/* storage.h - decides whether a database in this folder may use WAL and mmap.
 *
 * WAL needs memory that all processes share coherently, which filesystems shared between machines do not provide
 * (sqlite.org/wal.html); mmap on them, or on FUSE, can read stale pages or raise SIGBUS. Nothing here opens a database: closing any
 * descriptor of it would drop SQLite's POSIX locks. */
#ifndef SQLPROD_FS_STORAGE_H
#define SQLPROD_FS_STORAGE_H

#include <stdbool.h>
#include <stddef.h>

/* The free space needed to switch a database to WAL: the -wal grows to some 4 MB before it is reused from its start, and a database
 * cannot even be read without 32 KB for its -shm. */
#define STORAGE_ROOM (8U << 20)

enum storage_kind {
	STORAGE_LOCAL,
	STORAGE_SHARED,  /* no WAL, no mmap */
	STORAGE_LAYERED, /* overlayfs: after a copy-up, maps made through a read-only descriptor keep showing the lower file */
	STORAGE_UNKNOWN, /* its type cannot be determined; treated as local */
};

struct storage {
	enum storage_kind kind;
	bool has_ctime;  /* local, and a file that gets another name has another time of change or number of links */
	bool full;       /* less than STORAGE_ROOM is free */
	char type[64];   /* filesystem type as the kernel names it ("nfs4", "fuse.sshfs"); "" if not determined */
	char mount[512]; /* mount point, cut if longer; "" if unknown; raw bytes: a mount point may hold a newline */
};

/* Examines the filesystem that holds path or, if path does not exist yet, the folder it would be created in. Symbolic links are
 * followed; relative paths refer to the working folder. A local disk costs two system calls, and no file is opened; otherwise
 * /proc/self/mountinfo is read. Any thread; errno is kept. */
void storage_look(const char *path, struct storage *out);

/* Is the file itself a mount point, like a bind-mounted single file (docker run -v FILE:FILE)? Reads /proc/self/mountinfo; false if
 * that is unreadable. Any thread; errno is kept. */
bool storage_is_mount_point(const char *path);

/* The type name for statfs's f_type: "" for a local filesystem, "fuse" if mountinfo has the precise type, NULL for a number that is
 * not in the table, so that mountinfo decides. Pure. */
const char *storage_type_of_magic(unsigned long f_type);

/* Has a file of a filesystem with this f_type another time of change or number of links once it was renamed, exchanged, linked,
 * replaced or deleted? Pure. */
bool storage_magic_has_ctime(unsigned long f_type);

/* Is a filesystem of this type (as in mountinfo) shared between machines, shared with the host of a virtual machine, or served by a
 * process (FUSE, except fuseblk, a disk of this machine)? Pure. */
bool storage_type_is_shared(const char *type);

#endif
