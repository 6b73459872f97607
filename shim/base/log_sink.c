/* log_sink.c - writes lines to standard error or to a file that the operator named. */
#include "base/log_sink.h"

#include "base/glibc.h"
#include "base/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PATIENCE_MS 20 /* how long to wait for a full pipe */

/* No file's until log_sink_start() has run. Not zero, so that they lie in .data, in a page that the loader writes to anyway: in
 * .bss every process would pay for another page. */
static dev_t stderr_device = (dev_t)-1;
static ino_t stderr_inode = (ino_t)-1;

static char *first_folder; /* what relative paths refer to; NULL if no setting has one */

static bool is_relative(enum setting setting)
{
	const char *path = settings_get(setting)->text;

	return *path && *path != '/' && !(setting == SETTING_LOG && strcmp(path, "stderr") == 0);
}

void log_sink_start(void)
{
	struct stat status;

	if (!settings_are_of_recipe() && (is_relative(SETTING_LOG) || is_relative(SETTING_REPORT)))
		first_folder = getcwd(NULL, 0);

	if (glibc_fstat(STDERR_FILENO, &status) == 0) {
		stderr_device = status.st_dev;
		stderr_inode = status.st_ino;
	}
}

/* A daemon closes descriptor 2, and may then get a data file of its own as 2: it must not be written to. */
static bool stderr_is_ours(void)
{
	struct stat status;

	return glibc_fstat(STDERR_FILENO, &status) == 0 && status.st_dev == stderr_device && status.st_ino == stderr_inode;
}

#define SIGNAL_BIT(signal) (UINT64_C(1) << ((signal)-1))

/* The signals that a write may raise in this thread. They are handled by system calls: the functions of sigset_t would be six more
 * symbols to look up in every process under the preload. */
static const uint64_t write_signals = SIGNAL_BIT(SIGPIPE) | SIGNAL_BIT(SIGXFSZ) | SIGNAL_BIT(SIGTTOU);

/* write(), but SIGPIPE, SIGXFSZ and SIGTTOU are not delivered: the write only fails. */
static ssize_t write_silently(int fd, const char *line, size_t length)
{
	static const uint64_t at_once[2];
	uint64_t saved, pending = 0, ours;
	ssize_t n;
	int error;

	if (syscall(SYS_rt_sigprocmask, SIG_BLOCK, &write_signals, &saved, sizeof(saved)) != 0)
		return -1;
	syscall(SYS_rt_sigpending, &pending, sizeof(pending));
	n = write(fd, line, length);
	error = errno;
	ours = n < 0 && error == EPIPE ? SIGNAL_BIT(SIGPIPE) : n < 0 && error == EFBIG ? SIGNAL_BIT(SIGXFSZ) : 0;
	/* a signal that was pending before belongs to the program */
	if (ours & ~pending)
		while (syscall(SYS_rt_sigtimedwait, &ours, NULL, at_once, sizeof(ours)) < 0 && errno == EINTR)
			;
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &saved, NULL, sizeof(saved));
	errno = error;
	return n;
}

/* Writes the line. Returns how many bytes could not be written. */
static size_t write_line(int fd, const char *line, size_t length)
{
	while (length) {
		ssize_t n = write_silently(fd, line, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		line += n;
		length -= (size_t)n;
	}
	return length;
}

/* Does a file end with a partial line, as when the disk became full? The next line then starts on a new one. */
static atomic_bool torn;

static bool append_line(int fd, const char *line, size_t length)
{
	size_t missing;

	if (atomic_load_explicit(&torn, memory_order_relaxed) && write_line(fd, "\n", 1) == 0)
		atomic_store_explicit(&torn, false, memory_order_relaxed);
	missing = write_line(fd, line, length);
	if (missing != 0 && missing != length)
		atomic_store_explicit(&torn, true, memory_order_relaxed);
	return missing == 0;
}

void log_sink_stderr(const char *line, size_t length)
{
	struct pollfd stream = {.fd = STDERR_FILENO, .events = POLLOUT};

	/* a write to a full pipe without a reader would block forever; a pipe that is ready for output takes a whole line */
	if (stderr_is_ours() && poll(&stream, 1, PATIENCE_MS) == 1 && (stream.revents & POLLOUT))
		write_line(STDERR_FILENO, line, length);
}

/* Writes the setting's path with %p replaced by the pid, relative to the program's first working folder. False if it does not fit:
 * a cut path would name another file. */
static bool expand_path(const char *from, char *out, size_t size)
{
	size_t n = 0;

	if (*from != '/' && first_folder)
		n = (size_t)snprintf(out, size, "%s/", first_folder);
	while (*from && n < size) {
		if (from[0] == '%' && from[1] == 'p') {
			n += (size_t)snprintf(out + n, size - n, "%ld", (long)getpid());
			from += 2;
		} else {
			out[n++] = *from++;
		}
	}
	if (n >= size)
		return false;
	out[n] = '\0';
	return true;
}

/* A umask may remove even the owner's permissions. */
static void let_owner_append(int fd)
{
	struct stat status;

	if (glibc_fstat(fd, &status) == 0 && (status.st_mode & 0600) != 0600)
		syscall(SYS_fchmod, fd, (status.st_mode & 07777) | 0600);
}

static int open_for_append(const char *path, mode_t mode)
{
	const int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK;
	struct stat status;
	int fd = open(path, flags | O_EXCL, mode);

	if (fd >= 0) {
		let_owner_append(fd);
		return fd;
	}
	if (errno != EEXIST)
		return -1;
	/* O_CREAT again: fs.protected_regular and fs.protected_fifos only check opens that have it */
	fd = open(path, flags, mode);
	if (fd >= 0 && glibc_fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink > 1) {
		close(fd);
		errno = EMLINK;
		return -1;
	}
	return fd;
}

/* A program that closed its standard streams must not find our file as one of them. */
static int move_up(int fd)
{
	int moved;

	if (fd > STDERR_FILENO)
		return fd;
	moved = (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	close(fd);
	return moved;
}

bool log_sink_append(const char *setting, mode_t mode, const char *line, size_t length)
{
	char path[4096];
	int fd, error;
	bool ok;

	if (!expand_path(setting, path, sizeof(path))) {
		errno = ENAMETOOLONG;
		return false;
	}
	fd = open_for_append(path, mode);
	if (fd >= 0)
		fd = move_up(fd);
	if (fd < 0)
		return false;
	ok = append_line(fd, line, length);
	error = errno;
	close(fd);
	errno = error;
	return ok;
}
