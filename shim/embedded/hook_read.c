/* hook_read.c - the functions by which a program waits for its input, or for who connects to it (wait_input.h). */
#include "base/guard.h"
#include "embedded/real.h"
#include "embedded/wait_input.h"
#include "embedded/wait_parts.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* The call goes on if it is not interrupted. */
static inline bool may_go_on(int fd, enum wait_input what, size_t size)
{
	return !wait_has_parts() || wait_for_input(fd, what, size);
}

/* A call for nothing only says whether the file can be read; of a socket that recv(2) reads, it waits. */
static inline bool may_read(int fd, size_t size)
{
	return size == 0 || may_go_on(fd, WAIT_DATA, size);
}

/* Flags of a call that does not wait, or not for the file's input. */
static inline bool may_receive(int fd, int flags)
{
	return (flags & (MSG_DONTWAIT | MSG_OOB | MSG_ERRQUEUE)) || may_go_on(fd, WAIT_DATA, 0);
}

static ssize_t kernel_read(int fd, void *data, size_t size)
{
	return syscall(SYS_read, fd, data, size);
}

static NEXT(read);

static __attribute__((noinline)) ssize_t read_after_wait(int fd, void *data, size_t size)
{
	NEXT_FIND(read, kernel_read);
	return may_read(fd, size) ? NEXT_CALL(read)(fd, data, size) : -1;
}

HOOK ssize_t read(int fd, void *data, size_t size)
{
	return NEXT_IS_ALL(read) ? NEXT_CALL(read)(fd, data, size) : read_after_wait(fd, data, size);
}

static ssize_t kernel_readv(int fd, const struct iovec *parts, int count)
{
	return syscall(SYS_readv, fd, parts, count);
}

/* What is refused at once has nothing to wait for. How much room there is only the kernel can read, as the address may lead
 * nowhere.
 */
static inline bool may_read_parts(int fd, const struct iovec *parts, int count)
{
	return count <= 0 || count > UIO_MAXIOV || !parts || may_go_on(fd, WAIT_DATA, BUFSIZ);
}

HOOK ssize_t readv(int fd, const struct iovec *parts, int count)
{
	return may_read_parts(fd, parts, count) ? REAL(readv, kernel_readv)(fd, parts, count) : -1;
}

/* glibc's type is any of those of an address. */
#ifdef __GLIBC__
typedef __SOCKADDR_ARG address_argument;
#else
typedef struct sockaddr *restrict address_argument;
#endif

/* What it points to, whatever its type is. */
static void *address_of(address_argument address)
{
	const union {
		address_argument typed;
		void *plain;
	} pointer = {.typed = address};

	return pointer.plain;
}

static ssize_t kernel_recvfrom(int fd, void *data, size_t size, int flags, address_argument from, socklen_t *length)
{
	return syscall(SYS_recvfrom, fd, data, size, flags, address_of(from), length);
}

HOOK ssize_t recvfrom(int fd, void *data, size_t size, int flags, address_argument from, socklen_t *length)
{
	return may_receive(fd, flags) ? REAL(recvfrom, kernel_recvfrom)(fd, data, size, flags, from, length) : -1;
}

static ssize_t kernel_recv(int fd, void *data, size_t size, int flags)
{
	return syscall(SYS_recvfrom, fd, data, size, flags, NULL, NULL);
}

HOOK ssize_t recv(int fd, void *data, size_t size, int flags)
{
	return may_receive(fd, flags) ? REAL(recv, kernel_recv)(fd, data, size, flags) : -1;
}

static ssize_t kernel_recvmsg(int fd, struct msghdr *message, int flags)
{
	return syscall(SYS_recvmsg, fd, message, flags);
}

HOOK ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	return may_receive(fd, flags) ? REAL(recvmsg, kernel_recvmsg)(fd, message, flags) : -1;
}

static int kernel_accept4(int fd, address_argument from, socklen_t *length, int flags)
{
	return (int)syscall(SYS_accept4, fd, address_of(from), length, flags);
}

HOOK int accept4(int fd, address_argument from, socklen_t *length, int flags)
{
	return may_go_on(fd, WAIT_CONNECTION, 0) ? REAL(accept4, kernel_accept4)(fd, from, length, flags) : -1;
}

static int kernel_accept(int fd, address_argument from, socklen_t *length)
{
	return kernel_accept4(fd, from, length, 0);
}

HOOK int accept(int fd, address_argument from, socklen_t *length)
{
	return may_go_on(fd, WAIT_CONNECTION, 0) ? REAL(accept, kernel_accept)(fd, from, length) : -1;
}

/* What a program calls that was compiled with _FORTIFY_SOURCE; room is that of its data. */
ssize_t __read_chk(int fd, void *data, size_t size, size_t room);
ssize_t __recv_chk(int fd, void *data, size_t size, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void *data, size_t size, size_t room, int flags, address_argument from, socklen_t *length);

static ssize_t kernel_read_chk(int fd, void *data, size_t size, size_t room)
{
	(void)room;
	return kernel_read(fd, data, size);
}

static ssize_t kernel_recv_chk(int fd, void *data, size_t size, size_t room, int flags)
{
	(void)room;
	return kernel_recv(fd, data, size, flags);
}

static ssize_t kernel_recvfrom_chk(int fd, void *data, size_t size, size_t room, int flags, address_argument from,
				   socklen_t *length)
{
	(void)room;
	return kernel_recvfrom(fd, data, size, flags, from, length);
}

HOOK ssize_t __read_chk(int fd, void *data, size_t size, size_t room)
{
	return may_read(fd, size) ? REAL(__read_chk, kernel_read_chk)(fd, data, size, room) : -1;
}

HOOK ssize_t __recv_chk(int fd, void *data, size_t size, size_t room, int flags)
{
	return may_receive(fd, flags) ? REAL(__recv_chk, kernel_recv_chk)(fd, data, size, room, flags) : -1;
}

HOOK ssize_t __recvfrom_chk(int fd, void *data, size_t size, size_t room, int flags, address_argument from, socklen_t *length)
{
	return may_receive(fd, flags) ? REAL(__recvfrom_chk, kernel_recvfrom_chk)(fd, data, size, room, flags, from, length) : -1;
}
