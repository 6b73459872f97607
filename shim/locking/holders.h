/* holders.h - which processes have a file locked, and do they have another one open?
 *
 * Asks the kernel (/proc), as the file must not be opened for it: to close it again would drop this process's own locks. */
#ifndef SQLPROD_LOCKING_HOLDERS_H
#define SQLPROD_LOCKING_HOLDERS_H

#include <sys/types.h>

enum holders {
	HOLDERS_UNKNOWN, /* /proc does not show them all */
	HOLDERS_WITH,    /* one of them has the other file open */
	HOLDERS_WITHOUT, /* none has, and there is at least one */
};

/* Does one of the other processes that hold a lock on this byte of the file `locked` have the file `other` open? Both lie on the
 * filesystem `device`. *one is set to one of the processes that hold the lock, and left alone
 * if none does. */
enum holders holders_find(dev_t device, ino_t locked, off_t byte, ino_t other, pid_t *one);

/* Has that process a -wal open that may be the one of the file (device, inode), by whatever name, deleted or not? */
enum holders holders_find_wal(pid_t pid, dev_t device, ino_t inode);

/* That process has the file (device, inode) open in WAL mode by a name which is another one's by now, or nobody's: that name,
 * found by the -shm that the process has open, to be freed. NULL if there is none, or more than one may be it. */
char *holders_find_old_name(pid_t pid, dev_t device, ino_t inode);

#endif
