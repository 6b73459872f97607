/* wait_input.c - polls the file beside a signalfd(2): what a signal does to the program's call depends on which one it is, and that
 * poll(2) does not tell. */
#include "embedded/wait_input.h"

#include "base/glibc.h"
#include "base/guard.h"
#include "base/threads.h"
#include "embedded/wait_parts.h"
#include "locking/futex.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <termios.h>
#include <unistd.h>

#define PIPEFS 0x50495045 /* f_type of what pipe(2) makes: linux/magic.h */

/* By system calls: each function of libc would be looked up at the start of a process. */
static bool get_option(int fd, int option, void *value, socklen_t size)
{
	return syscall(SYS_getsockopt, fd, SOL_SOCKET, option, value, &size) == 0;
}

/* The kernel's struct is the beginning of libc's. */
static bool get_modes(int fd, struct termios *modes)
{
	return syscall(SYS_ioctl, fd, TCGETS, modes) == 0;
}

/* A terminal may give what it has at once, or stop a process of the background. Where it waits for several bytes poll(2) does, too,
 * and a call that asks for less does not. */
static bool terminal_waits(int fd)
{
	struct termios modes;
	pid_t group;

	return get_modes(fd, &modes) && ((modes.c_lflag & ICANON) || modes.c_cc[VMIN] == 1) &&
	       (syscall(SYS_ioctl, fd, TIOCGPGRP, &group) != 0 || group == (pid_t)syscall(SYS_getpgid, 0));
}

/* One that waits for some time only is left alone. */
static bool socket_waits(int fd, enum wait_input what)
{
	int listens = 0;
	struct timeval time = {0};

	return get_option(fd, SO_ACCEPTCONN, &listens, sizeof(listens)) && listens == (what == WAIT_CONNECTION) &&
	       get_option(fd, SO_RCVTIMEO, &time, sizeof(time)) && time.tv_sec == 0 && time.tv_usec == 0;
}

/* From one that was opened without waiting for a writer, and has none, read(2) gets nothing, and poll(2) waits for one. */
static bool pipe_waits(int fd, int flags)
{
	struct statfs filesystem;

	return (flags & O_ACCMODE) == O_RDWR ||
	       (syscall(SYS_fstatfs, fd, &filesystem) == 0 && (uint32_t)filesystem.f_type == PIPEFS);
}

/* What is none of the files of a filesystem goes by a name of its kind: proc(5). One that is not known may refuse to be read, as
 * epoll(7) does, or never wait. */
static bool event_waits(int fd, size_t size)
{
	static const struct {
		const char *name;
		size_t least; /* bytes; with room for less it refuses at once */
	} kinds[] = {
		{"inotify", 0},
		{"[fanotify]", 0},
		{"[eventfd]", 8},
		{"[timerfd]", 8},
		{"[signalfd]", sizeof(struct signalfd_siginfo)},
	};
	char link[sizeof("/proc/self/fd/") + 12], kind[64];
	const char prefix[] = "anon_inode:";
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = syscall(SYS_readlinkat, AT_FDCWD, link, kind, sizeof(kind) - 1);
	kind[length > 0 ? length : 0] = '\0';
	if (strncmp(kind, prefix, sizeof(prefix) - 1) != 0)
		return false;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kind + sizeof(prefix) - 1, kinds[i].name) == 0)
			return size >= kinds[i].least;
	return false;
}

static bool is_ready(int fd)
{
	struct pollfd file = {.fd = fd, .events = POLLIN};
	struct timespec none = {0};

	return wait_kernel_ppoll(&file, 1, &none, NULL) != 0;
}

static bool waits(int fd, enum wait_input what, size_t size)
{
	struct stat status;
	mode_t type;
	int flags;

	if (guard_depth > 0 || (ssize_t)size < 0 || glibc_fstat(fd, &status) != 0)
		return false;
	type = status.st_mode & S_IFMT;
	if ((type && type != S_IFIFO && type != S_IFSOCK && type != S_IFCHR) || (what == WAIT_CONNECTION && type != S_IFSOCK) ||
	    is_ready(fd))
		return false;
	flags = fcntl(fd, F_GETFL);
	return flags >= 0 && !(flags & (O_NONBLOCK | O_PATH)) && (flags & O_ACCMODE) != O_WRONLY &&
	       (type != S_IFCHR || terminal_waits(fd)) && (type != S_IFSOCK || socket_waits(fd, what)) &&
	       (type != S_IFIFO || pipe_waits(fd, flags)) && (type || event_waits(fd, size));
}

enum seen {
	SEEN_NOTHING,
	SEEN_INPUT,
	SEEN_SIGNAL,
	SEEN_NO_WAIT, /* the program's call is to do that */
};

/* Waits with the signals blocked. Another thread would see the descriptor that is open meanwhile. */
static enum seen wait_part(int fd, int64_t length, const sigset_t *mask)
{
	struct pollfd files[2] = {{.fd = fd, .events = POLLIN}, {.fd = -1, .events = POLLIN}};
	struct timespec time = wait_to_time(length > 0 ? length : 0);
	sigset_t others;
	int n;

	sigemptyset(&others);
	for (int number = 1; number <= SIGRTMAX; number++)
		if (sigismember(mask, number) == 0)
			sigaddset(&others, number);
	if (threads_is_alone())
		files[1].fd = (int)syscall(SYS_signalfd4, -1, &others, WAIT_MASK_BYTES, SFD_CLOEXEC | SFD_NONBLOCK);
	if (files[1].fd < 0)
		return SEEN_NO_WAIT;
	n = wait_kernel_ppoll(files, 2, &time, NULL);
	syscall(SYS_close, files[1].fd);
	return n == 0 ? SEEN_NOTHING : n > 0 && files[0].revents ? SEEN_INPUT : SEEN_SIGNAL;
}

/* The call is to be made now, if it is not interrupted. Signals are let in at the end alone: the handler of one that has come
 * during a copy would run unseen, and the call would wait on. */
static bool wait_on(int fd, bool *interrupted)
{
	enum seen seen;
	sigset_t before;
	int64_t due;

	idle_checkpoint_block_signals(&before);
	do {
		due = idle_checkpoint_in_wait(monotonic_now(), &before);
		seen = due == IDLE_WAL_NEVER ? SEEN_NO_WAIT : wait_part(fd, due - monotonic_now(), &before);
	} while (seen == SEEN_NOTHING);
	*interrupted = seen != SEEN_INPUT && wait_is_handled(&before, SA_RESTART) && !is_ready(fd);
	/* its handlers run here */
	sigprocmask(SIG_SETMASK, &before, NULL);
	return seen != SEEN_SIGNAL || *interrupted;
}

bool wait_for_input(int fd, enum wait_input what, size_t size)
{
	bool interrupted = false;
	int saved = errno;

	/* a signal may have changed what the call does: the kernel, too, begins it anew then */
	while (waits(fd, what, size) && !wait_on(fd, &interrupted))
		;
	errno = interrupted ? EINTR : saved;
	return !interrupted;
}
