/* edge.c - opens a file as SQLite does from the very end of a small stack, as coroutines have: with memory after it, with
 * memory that cannot be read, with none. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#define SIZE 0x20000

static ucontext_t outside, coroutine;
static int fd;

static void open_file(void)
{
	fd = open("edge.data", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
}

static int open_at_the_end(char *stack)
{
	if (getcontext(&coroutine))
		return 1;
	coroutine.uc_stack.ss_sp = stack;
	coroutine.uc_stack.ss_size = SIZE;
	coroutine.uc_link = &outside;
	makecontext(&coroutine, open_file, 0);
	if (swapcontext(&outside, &coroutine))
		return 1;
	printf("opened %d\n", fd >= 0);
	return close(fd);
}

int main(void)
{
	char *stack = mmap(NULL, SIZE + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (stack == MAP_FAILED || open_at_the_end(stack))
		return 1;
	return mprotect(stack + SIZE, 4096, PROT_NONE) || open_at_the_end(stack) || munmap(stack + SIZE, 4096) ||
	       open_at_the_end(stack);
}
