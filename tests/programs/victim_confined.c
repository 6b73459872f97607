/* victim_confined.c - the lines of a victim's script by which it waits on a small stack, or where the kernel watches its calls.
 *
 *   coroutine MILLISECONDS   sleeps so long on a stack of its own, of 8 KiB
 *   confine                  from now on the kernel ends the process if it opens a file, or makes another call than poll() to wait
 *
 * musl has no coroutines, and comes without the kernel's headers: a victim made with it has neither line. */
#include "victim.h"

#ifdef __GLIBC__

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static ucontext_t main_context, coroutine_context;
static long coroutine_sleeps;

static void run_coroutine(void)
{
	struct timespec time = {.tv_sec = coroutine_sleeps / 1000, .tv_nsec = coroutine_sleeps % 1000 * 1000000};

	nanosleep(&time, NULL);
	swapcontext(&coroutine_context, &main_context);
}

static void wait_in_coroutine(long milliseconds)
{
	const size_t page = 4096, size = 8192;
	char *stack = mmap(NULL, page + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	/* what needs more stack is to end the process */
	if (stack == MAP_FAILED || mprotect(stack, page, PROT_NONE) != 0)
		victim_die("cannot make", "a stack");
	coroutine_sleeps = milliseconds;
	getcontext(&coroutine_context);
	coroutine_context.uc_stack.ss_sp = stack + page;
	coroutine_context.uc_stack.ss_size = size;
	makecontext(&coroutine_context, run_coroutine, 0);
	swapcontext(&main_context, &coroutine_context);
	munmap(stack, page + size);
	victim_say("coroutine", 0, "");
}

/* As libseccomp does it. */
static void confine(void)
{
	struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigpending, 2, 0),
#ifdef SYS_poll
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ppoll, 1, 0),
#else
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pselect6, 1, 0),
#endif
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog filter = {sizeof(program) / sizeof(*program), program};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0)
		victim_die("cannot confine", "itself");
}

bool confined_run(const char *verb, const char *rest)
{
	if (strcmp(verb, "coroutine") == 0)
		wait_in_coroutine(atol(rest));
	else if (strcmp(verb, "confine") == 0)
		confine();
	else
		return false;
	return true;
}

#else

bool confined_run(const char *verb, const char *rest)
{
	(void)verb;
	(void)rest;
	return false;
}

#endif
