/* opener.c - opens files in every way the library's open functions have to pass on, also those that look like SQLite's, and prints
 * what came of it: which must be the same with the library. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum way { OPEN, OPEN64, OPENAT, OPENAT64, WAYS };

static int folder;

static int open_by(enum way way, const char *path, int flags, mode_t mode)
{
	switch (way) {
	case OPEN:
		return open(path, flags, mode);
	case OPEN64:
		return open64(path, flags, mode);
	case OPENAT:
		return openat(folder, path, flags, mode);
	default:
		return openat64(folder, path, flags, mode);
	}
}

static void show(const char *what, int fd, int problem)
{
	struct stat status;

	printf("%s %d", what, fd < 0 ? -problem : fd);
	if (fd >= 0 && fstat(fd, &status) == 0)
		printf(" mode %o flags %o cloexec %d", status.st_mode, fcntl(fd, F_GETFL), fcntl(fd, F_GETFD) & FD_CLOEXEC);
	puts("");
	if (fd >= 0)
		close(fd);
}

static void try_all(const char *path, int flags, mode_t mode)
{
	for (int way = 0; way < WAYS; way++) {
		char name[64];
		int fd;

		snprintf(name, sizeof(name), "%s%d", path, way);
		errno = 4711;
		fd = open_by((enum way)way, strchr(path, '/') || *path == '.' ? path : name, flags, mode);
		show(path, fd, errno);
		if (fd >= 0)
			printf("errno %d\n", errno == 4711);
	}
}

static void in_handler(int number)
{
	int fd = open("handled", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);

	(void)number;
	if (fd >= 0 && write(fd, "x", 1) == 1)
		close(fd);
}

int main(void)
{
	const int like_sqlite = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW;

	setvbuf(stdout, NULL, _IOLBF, 0);
	mkdir("folder", 0755);
	folder = open("folder", O_RDONLY | O_DIRECTORY);
	umask(027);
	try_all("plain", O_WRONLY | O_CREAT | O_TRUNC, 0666);
	try_all("sqlite", like_sqlite, 0644);
	try_all("sqlite", like_sqlite, 0644);
	try_all("private", like_sqlite, 0600);
	try_all("exclusive", like_sqlite | O_EXCL, 0640);
	try_all("exclusive", like_sqlite | O_EXCL, 0640);
	try_all("missing", O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0);
	try_all("nowhere/file", like_sqlite, 0644);
	try_all(".", O_TMPFILE | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0604);
	try_all(".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	try_all("/dev/null", O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0);
	if (symlink("sqlite0", "link0") || symlink("sqlite1", "link1") || symlink("sqlite2", "folder/link2") ||
	    symlink("sqlite3", "folder/link3"))
		puts("no links");
	try_all("link", like_sqlite, 0644);
	signal(SIGUSR1, in_handler);
	raise(SIGUSR1);
	printf("handled %d\n", access("handled", F_OK));
	return 0;
}
