/* opener_early.c - a library whose constructor runs before the library's and opens files. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static __attribute__((constructor)) void begin(void)
{
	int fd = open("early", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	int other = openat64(AT_FDCWD, "earlier", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);

	printf("early %d %d\n", fd >= 0, other >= 0);
	close(fd);
	close(other);
}
