/* filter.c - runs a command to which the kernel refuses some system calls:
 *
 *   filter EPERM|ENOSYS|kill NAME,NAME,… [VARIABLE=value…] COMMAND…
 *
 * The variables are the command's alone: an env(1) in between would need calls of its own. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
	const char *name;
	int number;
} calls[] = {
	{"futex", SYS_futex},
	{"statfs", SYS_statfs},
	{"fstatfs", SYS_fstatfs},
	{"readlinkat", SYS_readlinkat},
	{"rt_sigprocmask", SYS_rt_sigprocmask},
	{"rt_sigpending", SYS_rt_sigpending},
	{"rt_sigtimedwait", SYS_rt_sigtimedwait},
	{"fchmod", SYS_fchmod},
	{"getpid", SYS_getpid},
	{"clock_nanosleep", SYS_clock_nanosleep},
#ifdef SYS_readlink
	{"readlink", SYS_readlink},
#endif
#ifdef SYS_poll
	{"poll", SYS_poll},
#endif
	{"ppoll", SYS_ppoll},
};

static int number_of(const char *name)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (strcmp(calls[i].name, name) == 0)
			return calls[i].number;
	return -1;
}

int main(int argc, char **argv)
{
	struct sock_filter program[64] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))};
	unsigned short length = 1;
	unsigned answer;

	if (argc < 4)
		return 64;
	answer = strcmp(argv[1], "kill") == 0     ? SECCOMP_RET_KILL_PROCESS
		 : strcmp(argv[1], "ENOSYS") == 0 ? SECCOMP_RET_ERRNO | ENOSYS
						  : SECCOMP_RET_ERRNO | EPERM;
	for (char *name = strtok(argv[2], ","); name && length < 60; name = strtok(NULL, ",")) {
		int number = number_of(name);
		if (number < 0)
			continue;
		program[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1);
		program[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, answer);
	}
	program[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &(struct sock_fprog){length, program}) != 0) {
		perror("filter");
		return 77;
	}
	for (argv += 3; *argv && strchr(*argv, '='); argv++)
		putenv(*argv);
	if (*argv)
		execvp(*argv, argv);
	return 127;
}
