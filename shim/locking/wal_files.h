/* wal_files.h - a database file and its -wal and -shm stay together: when the file moves, is deleted, or is moved over. At the end:
 * last_close.h.
 *
 * -wal and -shm go by the name that the file was opened by, locks by its inode. Where WAL is not the program's own choice, a write
 * to a file that has moved is refused as a rollback journal refuses it (SQLITE_READONLY_DBMOVED). */
#ifndef SQLPROD_LOCKING_WAL_FILES_H
#define SQLPROD_LOCKING_WAL_FILES_H

#include "locking/path_look.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

struct file_shim;

/* Part of struct file_shim. */
struct wal_files {
	const char *path;    /* SQLite's own: it lives as long as the file is open; NULL where nothing is known */
	_Atomic ino_t inode; /* of the database file; 0 where it is not known */
	_Atomic ino_t wal;   /* of the -wal, 0 while there is none */
	_Atomic ino_t shm;
	_Atomic dev_t device;
	mode_t mode; /* of the database file, and its owner, when -wal and -shm last got the same: file_rights.h */
	uid_t user;
	gid_t group;
	_Atomic int fd;
	_Atomic int shm_fd; /* -1 while there is none */
	struct path_look path_look;
	struct open_database *database;    /* its record, NULL where nothing is known */
	struct wal_files *previous, *next; /* of those that map its -shm: open_databases.h */
	bool has_wal;                      /* it is one of them */
	bool counted_by_recipe;            /* … and counted as by_recipe */
	bool cares;                        /* WAL is wanted, and not left to the program */
	atomic_bool by_recipe;             /* WAL, if it is in effect, is not the program's choice */
	bool looked;                       /* the files were looked at before the first read: left_wal.h */
	bool left;                         /* a -wal was there that nobody was using, and it is to be copied into the database */
	atomic_bool kept;                  /* kept_locks.h: they are held */
	_Atomic pid_t parent; /* the process that they are inherited from, which may have them open too; 0 if it is this one */
	bool closing;         /* SQLite may be closing the file: it has asked whether that moved */
};

/* After the shim was put there. */
void wal_files_begin(struct file_shim *shim, const char *path, bool cares);

/* SQLite has mapped the -shm; it has opened the -wal before that. It is about to let the -shm go. It closes the file. */
void wal_files_mapped(struct file_shim *shim);
void wal_files_unmapping(struct file_shim *shim);
void wal_files_closing(struct wal_files *files);

/* WAL is in effect, and not the program's choice; or not any more. */
void wal_files_set_by_recipe(struct wal_files *files, bool by_recipe);

/* Does the file's header say that it is in WAL mode? One system call. */
bool wal_files_are_wal(const struct wal_files *files);

/* Has the file another name now, or none? One system call. */
bool wal_files_moved(const struct file_shim *shim);

/* May the -wal of that name have commits of others, which this connection does not know? Then it is neither copied nor deleted:
 * - another file has the name now, and the -wal was written since it came there (its ctime): who opens that file shares the -wal;
 * - SQLite has mapped another -shm than the one of that name. The connections of a process to one file share theirs, but each opens
 *   the -wal by its own name: the file was renamed in between, and others use the -wal with the -shm of its name. */
bool wal_files_may_be_anothers(const struct file_shim *shim);

/* The second of these alone, for a file that has its name. No system call where it is not so. errno may change. */
bool wal_files_have_other_shm(const struct file_shim *shim);

/* Before a write transaction: SQLITE_OK, or what SQLite says where the file has moved. One system call, most often by the
 * descriptor (path_look.h). */
int wal_files_before_write(struct file_shim *shim);

/* Calls see for the shim of each open database file of the process, from any thread; the shim may be closed meanwhile, so that
 * nothing but inode, device, wal, shm and by_recipe may be read. Stops when see returns false; returns what the last one returned.
 */
bool wal_files_each(bool (*see)(struct file_shim *shim, void *argument), void *argument);

/* Of two times of files. */
static inline bool wal_files_time_is_after(const struct timespec *one, const struct timespec *other)
{
	return one->tv_sec > other->tv_sec || (one->tv_sec == other->tv_sec && one->tv_nsec > other->tv_nsec);
}

/* Are they of one database file? */
static inline bool wal_files_are_same(const struct wal_files *one, const struct wal_files *other)
{
	return one->inode == other->inode && one->device == other->device;
}

/* Has there been one? For a hook that every process passes. */
bool wal_files_any(void);

/* Are the descriptors of the database and of the -shm still those files'? A daemon may have closed what it inherited, and have
 * others by the same numbers. */
bool wal_files_are_open(const struct wal_files *files);

/* Is that name (folder as for openat(2)) of this inode? */
bool wal_files_name_is(int folder, const char *name, ino_t inode);

/* The name that an open file has now, to be freed; NULL where /proc does not say it. */
char *wal_files_name_of(int fd);

/* Path and suffix, to be freed; NULL if memory is out. On the heap: a thread may have a stack just large enough for SQLite. */
char *wal_files_join(const char *path, const char *suffix);

/* Where the -wal goes that is in the way of another file by that path: "PATH-wal.moved-INODE". To be freed. */
char *wal_files_aside(const char *path, ino_t wal);

#endif
