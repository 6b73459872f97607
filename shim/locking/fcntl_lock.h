/* fcntl_lock.h - a range of a file and a type of lock, as the commands of fcntl(2) take them. */
#ifndef SQLPROD_LOCKING_FCNTL_LOCK_H
#define SQLPROD_LOCKING_FCNTL_LOCK_H

#include <fcntl.h>

/* F_RDLCK, F_WRLCK or F_UNLCK for `length` bytes from `start` on; 0 bytes: to the end of the file. Its l_pid is 0, as F_OFD_* ask.
 */
static inline struct flock fcntl_lock(short type, off_t start, off_t length)
{
	return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
}

#endif
