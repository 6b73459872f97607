/* fcntl_lock.h - a range of a file and a type of lock, as the commands of fcntl(2) take them. */
#ifndef SQLPROD_LOCKING_FCNTL_LOCK_H
#define SQLPROD_LOCKING_FCNTL_LOCK_H

#include <fcntl.h>
#include <stdbool.h>

/* F_RDLCK, F_WRLCK or F_UNLCK for `length` bytes from `start` on; 0 bytes: to the end of the file. Its l_pid is 0, as F_OFD_* ask.
 */
static inline struct flock fcntl_lock(short type, off_t start, off_t length)
{
	return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
}

/* Sets it by that command, with system calls only: a signal handler may fork. False if the kernel refused it, with errno. */
static inline bool fcntl_lock_set(int fd, int command, short type, off_t start, off_t length)
{
	struct flock lock = fcntl_lock(type, start, length);

	return fcntl(fd, command, &lock) == 0;
}

/* The first lock of another process (F_GETLK) or open file (F_OFD_GETLK) that is in the way of this one; false if there is none, or
 * the kernel does not say. errno may change. */
static inline bool fcntl_lock_find(int fd, int command, short type, off_t start, off_t length, struct flock *found)
{
	*found = fcntl_lock(type, start, length);
	return fcntl(fd, command, found) == 0 && found->l_type != F_UNLCK;
}

#endif
